"""The processes that read Kafka for a second ledger, kept at work until they have come as far."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import IO, Final

import asyncpg

from deploy.database import SHADOW, Database
from deploy.problem import Problem
from deploy.rebuilding.order import HOPELESS, Order
from deploy.rebuilding.second import owning
from deploy.services import REPOSITORY

MODULE: Final = "deploy.rebuilding.worker"
LOOK_S: Final = 0.5
ATTEMPTS_MAX: Final = 5
"""A process that ends so often without having come further has a fault that does not pass."""
PAUSE_S: Final = (0.2, 1.0)
ASK_AGAIN: Final = "`yui ledger rebuild` goes on where it stopped; its log is {log}"
BEGIN_ANEW: Final = (
    "Refill the topic with `yui events republish`, wait until `yui verify` finds no difference, "
    "and begin anew with `yui ledger rebuild --anew`"
)
APPLIED: Final = "SELECT COALESCE(sum(next_offset), 0)::bigint FROM consumer_offset"

Count = Callable[[int, int], None]
"""Told how many records have been read, of how many."""


@dataclass(frozen=True, slots=True)
class Workers:
    database: Database

    async def carry_out(self, orders: Sequence[Order], count: Count) -> None:
        """Have all orders carried out; raise `Problem` where one never will be."""
        whole = sum(end for order in orders for _, _, end in order.ends)
        log = self.database.state.logs / f"{SHADOW}.log"
        log.parent.mkdir(exist_ok=True)
        looking = asyncio.create_task(self._look(whole, count))
        hopeless: list[Exception] = []
        try:
            with log.open("ab") as output:
                async with asyncio.TaskGroup() as group:
                    for order in orders:
                        group.create_task(self._keep_at_work(order, output, str(log)))
        except* Problem as problems:
            hopeless += problems.exceptions
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        for problem in hopeless:
            raise problem
        count(whole, whole)

    async def _keep_at_work(self, order: Order, output: IO[bytes], log: str) -> None:
        attempts, stood = 0, -1
        while True:
            code, said = await _run(order, output)
            if code == 0:
                return
            if code == HOPELESS:
                raise Problem(said, BEGIN_ANEW)
            stands = await self._applied()
            attempts = 0 if stands is None or stands > stood else attempts + 1
            if attempts > ATTEMPTS_MAX:
                raise Problem(
                    f"a process of the rebuild ends again and again: {said or code}",
                    ASK_AGAIN.format(log=log),
                )
            stood = stood if stands is None else stands
            await asyncio.sleep(random.uniform(*PAUSE_S))  # noqa: S311  jitter

    async def _look(self, whole: int, count: Count) -> None:
        while True:
            if (applied := await self._applied()) is not None:
                count(min(applied, whole), whole)
            await asyncio.sleep(LOOK_S)

    async def _applied(self) -> int | None:
        """How many records have been read; None while the database does not answer."""
        with suppress(Problem, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            async with owning(self.database) as connection:
                return int(await connection.fetchval(APPLIED))
        return None


async def _run(order: Order, output: IO[bytes]) -> tuple[int, str]:
    """Run one process to its end; return how it ended, and the last line that it said."""
    async with _started(output) as process:
        assert process.stdin is not None  # noqa: S101  both are pipes
        assert process.stderr is not None  # noqa: S101
        with suppress(OSError):
            process.stdin.write(order.model_dump_json().encode() + b"\n")
            await process.stdin.drain()
        said = (await process.stderr.read()).decode(errors="replace").strip()
        return await process.wait(), said.rpartition("\n")[2]


@asynccontextmanager
async def _started(output: IO[bytes]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", MODULE),
        cwd=REPOSITORY,
        stdin=asyncio.subprocess.PIPE,
        stdout=output,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for whoever started it; its input closes then
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
