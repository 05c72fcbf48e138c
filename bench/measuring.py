"""What every row of the table measures on: one stack, and how long and how often."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console

from deploy.checking.check import Asked, check
from deploy.database import AUDITOR, Database, connected
from deploy.verify import SETTLE_S
from tests.support.stack import Stack


@dataclass(frozen=True, slots=True)
class Measuring:
    stack: Stack
    console: Console
    runs: int
    """How many samples each figure is the median of."""
    quick: bool
    """Whether a build waits: then a sample is short, and what takes long is left out."""
    entries: int = 1_000_000
    """Of the largest books that are measured."""
    minutes: int = 20
    """For how long memory is watched."""

    def events(self, whole: int) -> int:
        return whole // 5 if self.quick else whole

    def say(self, text: str) -> None:
        self.console.print(text, style="dim", highlight=False)


async def verify(stack: Stack, database: Database) -> int:
    """Hold everything against everything, as `yui verify` does; return the records read."""
    found = await check(
        Asked(
            database_url=database.url(AUDITOR),
            bootstrap=stack.auditors_bootstrap,
            settle_s=SETTLE_S,
        )
    )
    if found.differences:
        raise RuntimeError(f"{found.differences} differences, the first: {found.first}")
    return found.records.total()


async def environment(stack: Stack) -> Mapping[str, str]:
    """Where this was measured: figures of two machines are not to be compared."""
    async with connected(stack.servers.database_url) as connection:
        postgres = await connection.fetchval("SHOW server_version")
        settings = [
            f"{name}={await connection.fetchval(f'SHOW {name}')}"
            for name in ("fsync", "synchronous_commit", "shared_buffers")
        ]
    return {
        "machine": f"{os.cpu_count()} cores ({_processor()}), "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()}",
        "python": platform.python_version(),
        "postgresql": f"{postgres}, {', '.join(settings)}",
        "shared with": "Kafka, PostgreSQL and whatever makes the load, on the same cores",
    }


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
