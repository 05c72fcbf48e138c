"""`make fuzz`: schemathesis for as long as one likes (EXAMPLES=50), with a new seed each time.

The seed that is told first repeats a run.
"""

import asyncio
import os
import random
from typing import Final

from deploy.services import SERVICES
from tests.attacks.fuzzing import Fuzzed, Fuzzer
from tests.attacks.village import village
from tests.support.stack import running_stack

EXAMPLES: Final = int(os.environ.get("EXAMPLES", "50"))


async def main() -> None:
    fuzzed, seed = Fuzzed(), random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  a command's own output
    async with running_stack() as stack, village(stack) as attacked:
        for service in SERVICES:
            for kind in attacked.keys:
                fuzzer = await asyncio.to_thread(Fuzzer, attacked, service.name, kind, fuzzed)
                await asyncio.to_thread(fuzzer.run, EXAMPLES, seed)
                print(f"{service.name} as {kind}: {fuzzed.requests} requests so far")  # noqa: T201
    print(dict(sorted(fuzzed.statuses.items())))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
