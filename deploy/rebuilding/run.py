"""`yui ledger rebuild`: as far as the first ledger has come, once more from the beginning."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from deploy.database import Database
from deploy.problem import Problem
from deploy.rebuilding import second
from deploy.rebuilding.comparing import Comparison, Say, compare
from deploy.rebuilding.order import Decision, Order
from deploy.rebuilding.photograph import Photograph, photograph
from deploy.rebuilding.second import SECOND
from deploy.rebuilding.workers import Count, Workers
from shared.consuming.batch import may_pass

if TYPE_CHECKING:
    from deploy.rebuilding.second import Connection

T = TypeVar("T")

WORKERS: Final = 2
ROUNDS: Final = ("reading Kafka", "reading what came meanwhile")
"""The second round is short: what it ends with is compared soon after it was photographed."""
TRY_AGAIN_S: Final = 120.0
PAUSE_S: Final = (0.2, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    database: Database
    bootstrap: str
    simulated: bool
    """Whether the business date follows what events say, as it does in the first ledger."""
    workers: int = WORKERS


async def rebuild(asked: Asked, say: Say, count: Count) -> Comparison:
    """Build a second ledger, or go on with one, and compare it with the first.

    It may be ended at any moment, in any way: the next one goes on where it stopped.
    """
    database = asked.database
    async with second.alone(database):
        await second.prepare(database)
        for name in ROUNDS:
            say(name)
            taken = await _again(database, photograph)
            await Workers(database).carry_out(_orders(asked, taken), count)
        comparison = await _again(database, lambda connection: compare(connection, say))
        await _again(database, lambda connection: second.finish(connection, comparison.number))
        return comparison


def _orders(asked: Asked, taken: Photograph) -> Sequence[Order]:
    """A home's events are in the partition of one number, of whatever topic: in one process."""
    decisions = [
        Decision(topic=topic, partition=number, offset=offset, event_id=event, discarded=gone)
        for topic, number, offset, event, gone in taken.decisions
    ]
    return [
        Order(
            database_url=asked.database.url(SECOND.name),
            bootstrap=asked.bootstrap,
            simulated=asked.simulated,
            ends=[
                (topic, number, end)
                for (topic, number), end in sorted(taken.vector.items())
                if number % asked.workers == share
            ],
            decisions=decisions,
            set_aside=taken.set_aside,
        )
        for share in range(asked.workers)
    ]


async def _again(database: Database, work: "Callable[[Connection], Awaitable[T]]") -> T:
    """Do it with a connection of the owner's, again where the server went away meanwhile."""
    deadline = time.monotonic() + TRY_AGAIN_S
    while True:
        try:
            async with second.owning(database) as connection:
                return await work(connection)
        except Exception as fault:
            away = isinstance(fault, Problem) or may_pass(fault)
            if not away or time.monotonic() > deadline:
                raise
            await asyncio.sleep(random.uniform(*PAUSE_S))  # noqa: S311  jitter
