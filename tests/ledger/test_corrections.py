"""A ledger that was put back recalls what it said, corrects it to its books, and books on."""

import json
from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any, Final

import pytest

from deploy.checking.sessions import fill
from deploy.checking.statements.episodes import EPISODES
from services.ledger.consumers.correcting import settle
from shared.clock import now
from shared.consuming.record import StoredRecord
from shared.contracts import government_sponsorship, rent_sponsorship
from shared.contracts.event import Movement, Place
from shared.envelope import Envelope, to_headers
from shared.event_store import StateCache
from shared.ids import new_id
from shared.postgres import Pool, columns
from shared.recalling import RECALL
from shared.work import Cause, Work
from tests.ledger.books import Ledger, ledger_on
from tests.support.stack import MakeDatabase

HOME: Final = "h"
MONTHS: Final = ("2011-11", "2011-12")
PUBLIC, SPONSOR = government_sponsorship.TOPIC, rent_sponsorship.TOPIC
RECORDS: Final = 60

EVENTS: Final = """
SELECT event_id, stream, version, key, type, body, recorded_at, correlation, causation,
       traceparent
FROM event WHERE version > $1 ORDER BY position
"""


class Telling:
    """Movements of one home, as two services tell them; anything may be confirmed too early."""

    def __init__(self, choices: Random) -> None:
        self.choices = choices
        self.records: list[StoredRecord] = []
        self._told = {PUBLIC: 0, SPONSOR: 0}

    def tell(self) -> None:
        topic = self.choices.choice((PUBLIC, SPONSOR))
        self._told[topic] += 1
        version = self._told[topic]
        envelope = Envelope(
            new_id(), "any.Told.v1", "yui/any", f"any/{topic}", version, now(), "a-test", None
        )
        movement = self._movement(topic, version)
        body = json.dumps({"movements": [movement.model_dump(exclude_none=True)]}).encode()
        headers = [*to_headers(envelope)]
        record = StoredRecord(topic, 0, version - 1, HOME.encode(), body, headers)
        self.records.append(record)

    def _movement(self, topic: str, version: int) -> Movement:
        quantity = self.choices.randrange(1, 30)
        ways: tuple[tuple[Place, Place], ...] = (
            ("need", "open"),
            ("open", "need"),
            ("open", "delivered"),
            ("delivered", "open"),
            ("delivered", "confirmed"),
            ("confirmed", "delivered"),
        )
        moved_from, moved_to = self.choices.choice(ways)
        of_delivery = "need" not in {moved_from, moved_to}
        confirms = "confirmed" in {moved_from, moved_to}
        return Movement(
            resource="rent",
            month=self.choices.choice(MONTHS),
            moved_from=moved_from,
            moved_to=moved_to,
            quantity=quantity,
            organisation_id=topic.split(".")[1] if of_delivery else None,
            delivery_id=self.choices.choice(("d", "e")) if of_delivery else None,
            delivery_version=max(1, version - 1) if confirms else None,
        )


@pytest.fixture
async def two(database: MakeDatabase) -> AsyncIterator[tuple[Ledger, Ledger]]:
    """The ledger as it went on, and as it was put back."""
    first, second = await database("ledger"), await database("ledger")
    async with ledger_on(first) as ahead, ledger_on(second) as back:
        yield ahead, back


async def says_what_stands(pool: Pool) -> None:
    """As the checker sees it: each word follows from the last, and the last is what stands."""
    assert not await pool.fetch(fill(EPISODES, told="ledger.event"))
    last = await pool.fetchval("SELECT max(version) FROM event")
    assert last == await pool.fetchval("SELECT stream_version FROM head")


async def stands(pool: Pool) -> list[Any]:
    """Return the books, whatever was said on the way to them."""
    books = "SELECT resource, month, required, open, promised, delivered, confirmed FROM cell"
    deliveries = "SELECT delivery_id, delivered, confirmed, excess FROM delivery"
    twice = "SELECT month, excess FROM double_funding WHERE excess > 0"
    return [
        sorted(tuple(row) for row in await pool.fetch(one)) for one in (books, deliveries, twice)
    ]


async def recall(ahead: Ledger, back: Ledger) -> int:
    """Let the one that was put back take in what the other has said since."""
    known = await back.pool.fetchval("SELECT COALESCE(max(version), 0) FROM event")
    rows = [tuple(row) for row in await ahead.pool.fetch(EVENTS, known)]
    async with back.pool.acquire() as connection, connection.transaction():
        await connection.execute(RECALL, *columns(rows, 10))
        work = Work(connection, "ledger", Cause("recalled"), StateCache(), _nothing)
        await settle(work, {HOME, "an-organisation"})
        await work.save()
    return len(rows)


async def _nothing(*_: object) -> None:
    return None


@pytest.mark.parametrize("seed", range(3))
async def test_what_was_said_is_corrected_to_the_books_and_gone_on_from(
    two: tuple[Ledger, Ledger], seed: int
) -> None:
    ahead, back = two
    choices = Random(seed)
    telling = Telling(choices)
    for _ in range(RECORDS):
        telling.tell()
    put_back_to = choices.randrange(RECORDS)
    for one in two:
        await one.pool.execute(
            "INSERT INTO consumer_offset (topic, partition) VALUES ($1, 0), ($2, 0)",
            PUBLIC,
            SPONSOR,
        )
    await hear(ahead, telling.records[:put_back_to])
    await hear(back, telling.records[:put_back_to])
    await hear(ahead, telling.records[put_back_to:])
    recalled = await recall(ahead, back)
    await says_what_stands(back.pool)
    await hear(back, telling.records[put_back_to:])
    await says_what_stands(back.pool)
    assert await stands(back.pool) == await stands(ahead.pool)
    assert recalled, "nothing was said since"


async def hear(ledger: Ledger, records: Sequence[StoredRecord]) -> None:
    for record in records:
        effect = await ledger.hear([record])
        assert len(effect.applied) == 1, effect
