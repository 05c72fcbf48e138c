"""Processes that work from memory, started once as a ledger's are and told their jobs."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass, field

from bench.feeding import READY, Does, Done, Job, Surrounding
from bench.kafka_log import Segment
from deploy.services import REPOSITORY


@dataclass(slots=True)
class Feeders:
    does: Does
    database_url: str
    bootstrap: str
    processes: int
    """Two share the partitions as two ledgers do; one hears them all."""
    _running: list[Process] = field(default_factory=list)

    async def feed(self, segment: Segment) -> float:
        """Records a second, from when the first of them begins to when the last of them ends."""
        if not self._running:
            self._running = [await self._start() for _ in range(self.processes)]
        for number, feeder in enumerate(self._running):
            pieces = segment.share(number, self.processes)
            _tell(feeder, Job(pieces=pieces).model_dump_json())
        for feeder in self._running:
            await _line(feeder, READY)
        for feeder in self._running:
            _tell(feeder, "go")
        done = [Done.model_validate_json(await _line(feeder)) for feeder in self._running]
        took_s = max(one.ended for one in done) - min(one.began for one in done)
        return sum(one.records for one in done) / took_s

    async def close(self) -> None:
        for feeder in self._running:
            if feeder.stdin is not None:
                feeder.stdin.close()
            await feeder.wait()
        self._running.clear()

    async def _start(self) -> Process:
        command = (sys.executable, "-m", "bench.feeding", self.does)
        feeder = await asyncio.create_subprocess_exec(
            *command, cwd=REPOSITORY, stdin=PIPE, stdout=PIPE
        )
        around = Surrounding(database_url=self.database_url, bootstrap=self.bootstrap)
        _tell(feeder, around.model_dump_json())
        return feeder


def _tell(feeder: Process, line: str) -> None:
    if feeder.stdin is not None:
        feeder.stdin.write(f"{line}\n".encode())


async def _line(feeder: Process, expected: str = "") -> str:
    line = "" if feeder.stdout is None else (await feeder.stdout.readline()).decode().strip()
    if not line or (expected and line != expected):
        raise RuntimeError(f"a feeding process said {line!r}; what went wrong stands above")
    return line
