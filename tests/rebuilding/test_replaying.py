"""What operators decided about records that could not be applied is decided again the same way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from deploy.database import Database, connected
from deploy.rebuilding import second
from services.ledger.app import books_of
from shared.business_date import BusinessDate
from shared.consuming.parking import Parking
from shared.contracts.homes import NeedRestated
from shared.envelope import to_headers
from shared.handling import Transactions
from shared.ids import new_opaque_id
from shared.postgres import connect_pool
from tests.ledger.test_books import needed
from tests.support.eventually import assert_eventually
from tests.support.publishing import Publisher
from tests.support.rebuilding import rebuilt
from tests.support.stack import Stack

UNBOOKABLE = "ALTER TABLE ledger.cell ADD CONSTRAINT planted CHECK (open <> 4711) NOT VALID"
PARKED = "SELECT count(*) FROM parked"
BOOKABLE = "ALTER TABLE ledger.cell DROP CONSTRAINT planted"


@dataclass
class Log:
    """What is sent to the topic of the homes, good and bad."""

    publisher: Publisher
    database: Database

    async def need(self, home_id: str, *quantities: int) -> None:
        await self.publisher.publish(*needed(home_id, *quantities))

    async def breaks_contract(self, home_id: str) -> None:
        """Its version is the stream's next: what comes after waits for it in vain."""
        [event] = needed(home_id, 1)
        version = self.publisher._versions[event.stream] + 1  # noqa: SLF001  to break a rule
        self.publisher._versions[event.stream] = version  # noqa: SLF001
        headers = to_headers(self.publisher.envelope(event, version))
        body = b'{"movements": [{"quantity": -1}]}'
        await self.publisher.send_raw(NeedRestated.owner, home_id.encode(), body, headers)

    async def unreadable(self, home_id: str) -> None:
        await self.publisher.send_raw(NeedRestated.owner, home_id.encode(), b"{}", [])

    async def reached(self, statement: str, expected: int) -> None:
        async def has() -> bool:
            async with connected(self.database.url("ledger")) as connection:
                return bool(await connection.fetchval(statement) == expected)

        await assert_eventually(has, within_seconds=60)


@asynccontextmanager
async def operating(database: Database) -> AsyncIterator[Parking]:
    pool = await connect_pool(database.url("ledger"))
    try:
        books = books_of(BusinessDate(simulated=True))
        yield Parking(Transactions(pool, "ledger"), books)
    finally:
        await pool.close()


@pytest.fixture
async def log(stack: Stack) -> AsyncIterator[Log]:
    await stack.empty_topics()
    database = await stack.database("ledger")
    await stack.start("ledger", database)
    async with Publisher(stack.kafka_bootstrap) as publisher:
        yield Log(publisher, database)
    stack.stop_services()
    await stack.drop(database)


async def test_what_was_discarded_retried_or_still_waits_is_so_in_the_second_ledger(
    log: Log, stack: Stack
) -> None:
    discarded, unread, retried, waiting = (new_opaque_id() for _ in range(4))
    async with connected(log.database.administrator()) as administrator:
        await administrator.execute(UNBOOKABLE)
        for home_id in (discarded, waiting):
            await log.need(home_id, 10, 20)
            await log.breaks_contract(home_id)
            await log.need(home_id, 30)
        await log.need(unread, 5)
        await log.unreadable(unread)
        await log.need(unread, 6)
        await log.need(retried, 4711)
        await log.reached(PARKED, 7)
        await log.need(retried, 8)
        await log.reached(PARKED, 8)
        await administrator.execute(BOOKABLE)
    async with operating(log.database) as parking:
        for row in await parking.page(0, 100):
            if row["is_head"] and row["key"].decode() in {discarded, unread}:
                await parking.discard(row["parked_id"], "sent by a test", "operator")
            if row["is_head"] and row["key"].decode() == retried:
                await parking.retry(row["parked_id"], "mended", "operator")
    await log.reached(PARKED, 2)
    comparison = await rebuilt(log.database, stack.auditors_bootstrap)
    assert comparison.differences == []
    assert (comparison.counts["parked"], comparison.counts["homes"]) == (2, 4)
    async with second.owning(log.database) as connection:
        acted = await connection.fetch("SELECT action, acted_by FROM parked_action")
        assert [tuple(row) for row in acted] == [("discarded", "rebuild")] * 2


async def test_a_discarded_record_stays_out_though_it_could_be_applied_now(
    log: Log, stack: Stack
) -> None:
    home_id = new_opaque_id()
    async with connected(log.database.administrator()) as administrator:
        await administrator.execute(UNBOOKABLE)
        await log.need(home_id, 4711)
        await log.reached(PARKED, 1)
        await log.need(home_id, 8)
        await log.reached(PARKED, 2)
        await administrator.execute(BOOKABLE)
    async with operating(log.database) as parking:
        [head] = [row for row in await parking.page(0, 100) if row["is_head"]]
        await parking.discard(head["parked_id"], "sent by a test", "operator")
    comparison = await rebuilt(log.database, stack.auditors_bootstrap)
    assert comparison.differences == []
    assert comparison.counts["links"] == 1
