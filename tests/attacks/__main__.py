"""`make fuzz`: schemathesis for as long as one likes (EXAMPLES=50), with a new seed each time.

The seed that is told first repeats a run.
"""

import asyncio
import os
import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.access.world import world
from tests.attacks.fuzzing import fuzz
from tests.support.stack import running_stack

EXAMPLES: Final = int(os.environ.get("EXAMPLES", "50"))


async def main() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201  a command's own output
    with TemporaryDirectory() as folder:
        async with running_stack() as stack, world(stack, Path(folder)) as attacked:
            fuzzed = await asyncio.to_thread(fuzz, attacked, EXAMPLES, seed)
    print(f"{fuzzed.requests} requests: {dict(sorted(fuzzed.statuses.items()))}")  # noqa: T201
    for operation, wrong in fuzzed.wrong.items():
        print(f"{operation}: {wrong}")  # noqa: T201
    sys.exit(bool(fuzzed.wrong))


if __name__ == "__main__":
    asyncio.run(main())
