"""The books as known at a moment: what was booked by then, in the same bytes for ever."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from random import Random

import pytest

from deploy.database import connected
from shared.clock import TOKYO
from shared.consuming.record import StoredRecord
from shared.contracts.event import Event
from shared.contracts.homes import BusinessDateAdvanced
from shared.contracts.resources import RENT
from shared.ids import new_opaque_id
from tests.ledger.books import Cells, Ledger, ledger_on
from tests.ledger.reading import Reader, asking, reading
from tests.ledger.test_books import Housed, moved, needed, sponsored
from tests.support.eventually import assert_eventually
from tests.support.records import Log, envelopes
from tests.support.stack import MakeDatabase

HOMES = "yui.homes.v1"
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INTO head%'
"""

CLOCK_BEHIND = """
CREATE FUNCTION ledger.clock_timestamp() RETURNS timestamptz LANGUAGE sql
RETURN pg_catalog.clock_timestamp() - interval '1 hour'
"""


@pytest.fixture
async def ledger(database: MakeDatabase) -> AsyncIterator[Ledger]:
    made = await database("ledger")
    async with ledger_on(made) as running:
        yield running


@pytest.fixture
async def reader(ledger: Ledger) -> AsyncIterator[Reader]:
    async with reading(ledger, new_opaque_id()) as asking:
        yield asking


async def clock(ledger: Ledger) -> datetime:
    """An instant that will have passed when the next question comes."""
    found: datetime = await ledger.pool.fetchval("SELECT clock_timestamp()")
    return found


def begins(day: date) -> Event:
    return BusinessDateAdvanced(business_date=day)


async def told(ledger: Ledger, *events: Event) -> list[StoredRecord]:
    """Write events to a log whose partitions the ledger knows; their records are yet to come."""
    log = Log()
    log.write_all(envelopes(events))
    await ledger.know(log)
    return [record for records in log.topics.values() for record in records]


async def today(ledger: Ledger) -> date:
    async with ledger.pool.acquire() as connection:
        return await ledger.business_date.today(connection)


def pieces(random: Random, records: Sequence[StoredRecord]) -> list[Sequence[StoredRecord]]:
    """Cut each topic into batches, and mix them."""
    topics = {record.topic for record in records}
    rests = [[record for record in records if record.topic == topic] for topic in sorted(topics)]
    found: list[Sequence[StoredRecord]] = []
    while rests := [rest for rest in rests if rest]:
        rest, size = random.choice(rests), random.randint(1, 6)
        found.append(rest[:size])
        del rest[:size]
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_the_books_as_known_are_the_fold_of_what_had_been_booked_by_then(
    ledger: Ledger, reader: Reader, seed: int
) -> None:
    random, home_id = Random(seed), reader.home_id
    # Of months that lie before and after the days on which they are booked.
    days = [date(2011, 12, 1) + timedelta(n) for n in range(40)]
    passing: list[Event] = [begins(day) for day in sorted(random.sample(days, 9))]
    for need in needed(home_id, 700, 300, 20, 40):
        passing.insert(random.randrange(1, len(passing)), need)
    first, *records = await told(ledger, *passing, *sponsored(home_id, random, 60))
    await ledger.hear([first])
    by_instant = {(await clock(ledger)).isoformat(): Cells()}
    by_day: dict[date, Cells] = {}
    said: dict[str, bytes] = {}
    for piece in pieces(random, records):
        await ledger.hear(piece)
        now, stands = (await clock(ledger)).isoformat(), await ledger.cells(home_id)
        by_instant[now] = stands
        by_day[await today(ledger)] = stands
        said[now] = await reader.bytes_of("ledger", known_at=now)
    for instant, stands in by_instant.items():
        assert await reader.cells(known_at=instant) == stands
    assert {now: await reader.bytes_of("ledger", known_at=now) for now in said} == said
    assert len(by_day) > 3
    for day in days:
        if day < max(by_day):
            stood = max((known for known in by_day if known <= day), default=day)
            assert await reader.cells(known_on=day.isoformat()) == by_day.get(stood, Cells())


async def test_before_the_first_link_nothing_is_known(ledger: Ledger, reader: Reader) -> None:
    await ledger.hear(await told(ledger, begins(date(2012, 4, 1)), *needed(reader.home_id, 5)))
    assert await reader.cells(known_on="2012-03-31") == Cells()
    assert await reader.cells(known_at="2012-03-31T09:00+09:00") == Cells()
    assert (await reader.cells())[RENT, "2012-01", "open"] == 5


async def test_only_the_months_that_are_asked_for_are_shown(
    ledger: Ledger, reader: Reader
) -> None:
    await ledger.hear(await told(ledger, *needed(reader.home_id, 5)))
    now = (await clock(ledger)).isoformat()
    assert await reader.cells(known_at=now, from_month="2012-02") == Cells()
    assert await reader.cells(known_at=now, through="2011-12") == Cells()
    assert await reader.cells(known_at=now, from_month="2012-01", through="2012-01") != Cells()


async def test_a_question_waits_for_the_booking_that_is_in_flight(
    ledger: Ledger, reader: Reader
) -> None:
    first, second = await told(ledger, *needed(reader.home_id, 5, 7))
    for record, sums_up_to in ((first, 5), (second, 12)):
        async with ledger.pool.acquire() as connection:
            before = (await clock(ledger)).isoformat()
            booking = connection.transaction()
            await booking.start()
            await ledger.batches.apply(connection, [record], guarded=False)
            now = (await clock(ledger)).isoformat()
            asked = asyncio.create_task(reader.bytes_of("ledger", known_at=now))

            async def waits() -> bool:
                return bool(await ledger.pool.fetchval(WAITING))

            await assert_eventually(waits)
            assert not asked.done()
            await booking.commit()
        known = await asked
        assert (await reader.cells(known_at=now))[RENT, "2012-01", "open"] == sums_up_to
        assert await reader.bytes_of("ledger", known_at=now) == known
        assert (await reader.cells(known_at=before))[RENT, "2012-01", "open"] == sums_up_to - (
            5 if record is first else 7
        )


async def test_what_lies_before_the_last_link_is_answered_at_once(
    ledger: Ledger, reader: Reader
) -> None:
    first, second, third = await told(ledger, *needed(reader.home_id, 5, 7, 9))
    await ledger.hear([first])
    between = (await clock(ledger)).isoformat()
    await ledger.hear([second])
    async with ledger.pool.acquire() as connection:
        booking = connection.transaction()
        await booking.start()
        await ledger.batches.apply(connection, [third], guarded=False)
        async with asyncio.timeout(5):
            known = await reader.cells(known_at=between)
        await booking.rollback()
    assert known[RENT, "2012-01", "open"] == 5


async def test_an_answer_stands_although_the_clock_is_set_back(
    database: MakeDatabase,
) -> None:
    made, home_id = await database("ledger"), new_opaque_id()
    async with connected(made.administrator()) as connection:
        await connection.execute(CLOCK_BEHIND)
    async with (
        ledger_on(made) as ledger,
        ledger_on(made, query="?search_path=ledger,pg_catalog") as late,
        reading(ledger, home_id) as reader,
    ):
        first, second = await told(ledger, *needed(home_id, 5, 7))
        await ledger.hear([first])
        now = await clock(ledger)
        known = await reader.bytes_of("ledger", known_at=now.isoformat())
        assert await clock(late) < now
        await late.hear([second])
        assert (await reader.cells())[RENT, "2012-01", "open"] == 12
        assert await reader.bytes_of("ledger", known_at=now.isoformat()) == known
        async with asking(late, reader.client.headers) as client:
            again = Reader(client, home_id)
            assert await again.bytes_of("ledger", known_at=now.isoformat()) == known


async def test_a_day_that_was_asked_about_takes_in_nothing_more(
    ledger: Ledger, reader: Reader
) -> None:
    march, april = begins(date(2012, 3, 31)), begins(date(2012, 4, 1))
    records = await told(ledger, march, *needed(reader.home_id, 5), april)
    [again] = await told(
        ledger, Housed(home_id=reader.home_id, movements=(moved("need", "open", 7),))
    )
    for record in records:
        await ledger.hear([record])
    known = await reader.bytes_of("ledger", known_on="2012-03-31")
    # Nobody plays a day again; who restores a database may.
    await ledger.pool.execute("UPDATE business_date SET day = '2012-03-31'")
    await ledger.hear([again])
    days = await ledger.pool.fetch("SELECT business_date FROM link ORDER BY number")
    assert [row["business_date"] for row in days] == [date(2012, 3, 31), date(2012, 4, 1)]
    assert await reader.bytes_of("ledger", known_on="2012-03-31") == known


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        ("moment-not-passed", {"known_at": "2999-01-01T00:00Z"}),
        ("day-not-passed", {"known_on": "2012-04-01"}),
        ("day-not-passed", {"known_on": "2012-04-02"}),
        ("moments-mixed", {"known_on": "2012-03-01", "known_at": "2012-03-01T00:00Z"}),
        ("invalid-request", {"known_at": "2012-03-01T00:00"}),
        ("invalid-request", {"known_at": "0001-01-01T00:00+09:00"}),
        ("invalid-request", {"known_on": "March"}),
    ],
)
async def test_what_is_not_certain_yet_or_not_said_clearly_is_refused(
    ledger: Ledger, reader: Reader, rule: str, asked: dict[str, str]
) -> None:
    await ledger.hear(await told(ledger, begins(date(2012, 4, 1)), *needed(reader.home_id, 5)))
    assert await reader.refused("ledger", **asked) == rule
    assert await ledger.pool.fetchval("SELECT count(settled_at) FROM head") == 0


async def test_a_zone_is_understood_although_its_plus_was_not_escaped(
    ledger: Ledger, reader: Reader
) -> None:
    await ledger.hear(await told(ledger, *needed(reader.home_id, 5)))
    now = (await clock(ledger)).astimezone(TOKYO).isoformat()
    assert now.endswith("+09:00")
    path = f"/v1/homes/{reader.home_id}/ledger"
    unescaped = await reader.client.get(f"{path}?known_at={now}")
    escaped = await reader.client.get(path, params={"known_at": now})
    assert (unescaped.status_code, unescaped.content) == (200, escaped.content)


async def test_where_days_are_lived_yesterday_is_certain_and_today_is_not(
    database: MakeDatabase,
) -> None:
    made, home_id = await database("ledger"), new_opaque_id()
    async with (
        ledger_on(made, simulated=False) as ledger,
        reading(ledger, home_id) as reader,
    ):
        await ledger.hear(await told(ledger, *needed(home_id, 5)))
        today = (await clock(ledger)).astimezone(TOKYO).date()
        yesterday = today - timedelta(days=1)
        assert await reader.cells(known_on=yesterday.isoformat()) == Cells()
        assert await reader.refused("ledger", known_on=today.isoformat()) == "day-not-passed"
