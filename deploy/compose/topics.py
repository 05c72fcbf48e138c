"""Declares the topics as soon as Kafka lets it: healthy, it can still be slow at a first start."""

import asyncio
import os
import sys
import time

from deploy import topics
from deploy.problem import Problem

PATIENCE_SECONDS = 180
PAUSE_SECONDS = 2


async def declare(
    bootstrap: str, patience_seconds: float = PATIENCE_SECONDS
) -> list[topics.Topic]:
    """Try until it works, and say each time what was in the way."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return await topics.apply(bootstrap)
        except Problem as problem:
            if time.monotonic() > deadline:
                raise
            print(f"not yet: {problem}", file=sys.stderr)  # noqa: T201 - a job's own output
        await asyncio.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    try:
        declared = asyncio.run(declare(os.environ["YUI_KAFKA_BOOTSTRAP"]))
    except Problem as problem:
        sys.exit(f"yui: {problem}")
    print(f"{len(declared)} topics are declared")  # noqa: T201 - a job's own output
