"""A ledger's books while they are measured: a database, what it hears, and how it gets there."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient

from bench.feeders import Feeders
from bench.feeding import RAW_TABLE
from bench.kafka_log import Filling, Partition, Segment, filling
from bench.measuring import verify
from bench.workload import Stamped
from deploy.database import Database, connected
from shared.contracts import homes, organisations
from shared.contracts.ledger import OWNER
from shared.contracts.registry import PARTNER_TOPICS
from shared.kafka import reaching
from tests.support.eventually import assert_eventually
from tests.support.stack import Stack

PROCESSES: Final = 2
HEARD: Final = frozenset((organisations.TOPIC, homes.TOPIC, *PARTNER_TOPICS))
LOOK_EVERY_S: Final = 0.02
SETTLED_WITHIN_S: Final = 1_800

MOVED: Final = "SELECT coalesce(sum(next_offset), 0)::bigint FROM ledger.consumer_offset"
ENTRIES: Final = "SELECT count(*) FROM ledger.entry"
MOMENTS: Final = """
-- When some payments were booked: by then each home had all its cells.
SELECT booked_at FROM ledger.link TABLESAMPLE SYSTEM (10) REPEATABLE (1)
WHERE type = 'rent_sponsorship.RentPaid.v1' ORDER BY md5(event_id::text) LIMIT $1
"""
UNSENT: Final = "SELECT count(*) FROM ledger.outbox"


class BooksMeasured:
    def __init__(self, stack: Stack, database: Database, log: Filling) -> None:
        self.stack = stack
        self.database = database
        self._log = log
        bootstrap = stack.kafka_bootstrap
        self._posting = Feeders("post", database.url(OWNER), bootstrap, PROCESSES)
        self._inserting = Feeders("insert", database.administrator_url, bootstrap, 1)

    async def close(self) -> None:
        await self._posting.close()
        await self._inserting.close()

    async def fill(self, stamped: Iterable[Stamped]) -> Segment:
        return await self._log.fill(stamped)

    async def settle(self) -> None:
        """Let one shipped process apply all there is, and send what it has to say."""
        ledger = await self.stack.start(OWNER, self.database)
        async with connected(self.database.administrator()) as connection:

            async def is_quiet() -> bool:
                heard, moved = _heard(await self._log.ends()), await connection.fetchval(MOVED)
                return bool(moved == heard and await connection.fetchval(UNSENT) == 0)

            await assert_eventually(is_quiet, within_seconds=SETTLED_WITHIN_S)
        await ledger.stop()

    async def post(self, segment: Segment) -> float:
        """Events a second, from first decode to last commit: two processes, fed from memory."""
        return await self._posting.feed(segment)

    async def rate(self, stamped: Iterable[Stamped]) -> float:
        """How fast these are posted, once Kafka has them."""
        return await self.post(await self.fill(stamped))

    async def insert(self, segment: Segment) -> float:
        """The yardstick: the same entries by one raw insert after the other, and nothing else."""
        async with connected(self.database.administrator_url) as connection:
            await connection.execute(RAW_TABLE)
            rate = await self._inserting.feed(segment)
            await connection.execute("DROP TABLE raw")
        return rate

    async def hear(self, segment: Segment) -> float:
        """Events a second from Kafka: two shipped processes, once both share the partitions."""
        processes = [self.stack.process(OWNER, self.database) for _ in range(PROCESSES)]
        async with connected(self.database.administrator()) as connection:
            whole = _heard(segment.ends)
            for process in processes:
                process.launch()
            await _share(self.stack.kafka_bootstrap)
            rate = await _watch(connection, whole)
        for process in processes:
            await process.stop()
        return rate

    async def entries(self) -> int:
        async with connected(self.database.administrator()) as connection:
            return int(await connection.fetchval(ENTRIES))

    async def moments(self, number: int) -> list[datetime]:
        """Instants after everything was agreed, in no order."""
        async with connected(self.database.administrator()) as connection:
            rows = await connection.fetch(MOMENTS, number)
        return [row["booked_at"] for row in rows]

    async def verify(self) -> int:
        return await verify(self.stack, self.database)


def _heard(ends: Mapping[Partition, int]) -> int:
    return sum(end for (topic, _), end in ends.items() if topic in HEARD)


async def _share(bootstrap: str) -> None:
    """Wait until the group has settled with all its members."""
    client = AIOKafkaAdminClient(**reaching(bootstrap))
    await client.start()

    async def has_settled() -> bool:
        [answer] = await client.describe_consumer_groups([OWNER])
        [(_, _, state, _, _, members, *_)] = answer.groups
        return bool(state == "Stable" and len(members) == PROCESSES)

    try:
        await assert_eventually(has_settled, within_seconds=60)
    finally:
        await client.close()


async def _watch(connection: "asyncpg.Connection[asyncpg.Record]", whole: int) -> float:
    """From the first offset that is seen to move to the last."""
    moved = before = await connection.fetchval(MOVED)
    while moved == before:
        await asyncio.sleep(LOOK_EVERY_S)
        moved = await connection.fetchval(MOVED)
    began, first = time.perf_counter(), moved
    while moved < whole:
        await asyncio.sleep(LOOK_EVERY_S)
        moved = await connection.fetchval(MOVED)
    return float((whole - first) / (time.perf_counter() - began))


@asynccontextmanager
async def books_measured(stack: Stack) -> AsyncIterator[BooksMeasured]:
    """Lend a ledger's new database, and empty topics."""
    await stack.empty_topics()
    database = await stack.database(OWNER)
    async with filling(stack.kafka_bootstrap) as log:
        books = BooksMeasured(stack, database, log)
        try:
            yield books
        finally:
            await books.close()
    stack.stop_services()
    await stack.drop(database)
