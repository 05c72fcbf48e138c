"""Declares topics and users as soon as Kafka lets it: healthy, it can be slow at a first start."""

import asyncio
import sys
import time

from deploy import runtime, topics
from deploy.problem import Problem
from deploy.runtime import Runtime

PATIENCE_SECONDS = 180
PAUSE_SECONDS = 2


async def declare(
    found: Runtime, patience_seconds: float = PATIENCE_SECONDS
) -> list[topics.Topic]:
    """Try until it works, and say each time what was in the way."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return await runtime.declare(found)
        except Problem as problem:
            if time.monotonic() > deadline:
                raise
            print(f"not yet: {problem}", file=sys.stderr)  # noqa: T201 - a job's own output
        await asyncio.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    try:
        declared = asyncio.run(declare(runtime.configured()))
    except Problem as problem:
        sys.exit(f"yui: {problem}")
    print(f"{len(declared)} topics are declared")  # noqa: T201 - a job's own output
