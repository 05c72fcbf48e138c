"""Each home's chain is sealed once a month has ended, whenever somebody comes to do it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from deploy.database import Database, connected
from services.ledger.consumers.sealing import HOMES_AT_ONCE, Sealer
from services.ledger.domain import sealing
from shared.calendar import add_months, last_day
from shared.contracts.event import Event, Month
from shared.ids import new_opaque_id
from tests.ledger.books import Ledger, ledger_on
from tests.ledger.chain import first_broken, first_broken_seal
from tests.ledger.reading import Reader, reading
from tests.ledger.test_books import Housed, moved, needed, sponsored
from tests.ledger.test_known import begins, pieces, today, told
from tests.support.eventually import assert_eventually
from tests.support.stack import MakeDatabase

Json = dict[str, Any]

SAID = """
SELECT version, convert_from(body, 'UTF8') AS body FROM event
WHERE stream = 'ledger/' || $1 AND type = 'ledger.MonthSealed.v1' ORDER BY version
"""
LOCKED = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE%'
"""


@pytest.fixture
async def made(database: MakeDatabase) -> Database:
    return await database("ledger")


@pytest.fixture
async def ledger(made: Database) -> AsyncIterator[Ledger]:
    async with ledger_on(made) as running:
        yield running


@pytest.fixture
async def reader(ledger: Ledger) -> AsyncIterator[Reader]:
    async with reading(ledger, new_opaque_id()) as asking:
        yield asking


def sealer_of(ledger: Ledger) -> Sealer:
    return Sealer(ledger.batches.transactions, ledger.business_date)


async def seal(ledger: Ledger) -> None:
    await sealer_of(ledger).seal(sealing.last_ended(await today(ledger)))


async def seals_of(ledger: Ledger, home_id: str) -> list[Json]:
    """A home's seals as they are published, which must be those that are kept."""
    said = [json.loads(row["body"]) for row in await ledger.pool.fetch(SAID, home_id)]
    kept = await ledger.pool.fetch("SELECT * FROM seal WHERE home_id = $1 ORDER BY month", home_id)
    assert [(one["month"], one["links"], one["seal_hash"]) for one in said] == [
        (row["month"], row["links"], row["hash"].hex()) for row in kept
    ]
    return [{name: value for name, value in one.items() if name != "movements"} for one in said]


async def links_of(ledger: Ledger, home_id: str) -> list[Json]:
    rows = await ledger.pool.fetch("SELECT * FROM link WHERE home_id=$1 ORDER BY number", home_id)
    return [dict(row) for row in rows]


async def must_hold(ledger: Ledger, home_id: str, months: Iterable[Month]) -> None:
    seals, links = await seals_of(ledger, home_id), await links_of(ledger, home_id)
    assert first_broken(links) is None
    assert first_broken_seal(seals, links) is None
    assert [one["month"] for one in seals] == list(months)
    for one in seals:
        by_then = [lk for lk in links if lk["business_date"] <= last_day(one["month"])]
        assert one["links"] == len(by_then)
    versions = await ledger.pool.fetch(
        "SELECT version FROM event WHERE stream = 'ledger/' || $1 ORDER BY version", home_id
    )
    head = await ledger.pool.fetchval(
        "SELECT stream_version FROM head WHERE home_id = $1", home_id
    )
    assert [row["version"] for row in versions] == list(range(1, head + 1))


@pytest.mark.parametrize("seed", range(3))
async def test_seals_are_the_same_whenever_somebody_comes_to_make_them(
    made: Database, database: MakeDatabase, seed: int
) -> None:
    random, home_id = Random(seed), new_opaque_id()
    days = [date(2011, 11, 20) + timedelta(n) for n in range(130)]
    passing: list[Event] = [begins(day) for day in sorted(random.sample(days, 12))]
    for need in needed(home_id, 700, 300, 20, 40):
        passing.insert(random.randrange(1, len(passing)), need)
    events = [*passing, *sponsored(home_id, random, 40)]
    found = []
    for where, often in ((made, 0.5), (await database("ledger"), 0.0)):
        async with ledger_on(where) as ledger:
            first, *records = await told(ledger, *events)
            await ledger.hear([first])
            for piece in pieces(Random(seed), records):
                await ledger.hear(piece)
                if random.random() < often:
                    await seal(ledger)
            await seal(ledger)
            seals = await seals_of(ledger, home_id)
            assert seals
            await must_hold(ledger, home_id, [one["month"] for one in seals])
            found.append([(one["month"], one["links"]) for one in seals])
    assert found[0] == found[1]


async def test_every_month_since_the_first_link_is_sealed_also_where_nothing_was_booked(
    ledger: Ledger,
) -> None:
    homes = ["first", "second"]
    *records, years_later = await told(
        ledger,
        begins(date(2011, 8, 1)),
        *needed("first", 5),
        begins(date(2011, 9, 30)),
        *needed("second", 5),
        begins(date(2014, 3, 1)),
    )
    for record in records:
        await ledger.hear([record])
    await seal(ledger)
    await must_hold(ledger, "first", ["2011-08"])
    await must_hold(ledger, "second", [])
    await ledger.hear([years_later])
    await seal(ledger)
    months = [add_months("2011-08", n) for n in range(31)]
    assert months[-1] == "2014-02"
    for home_id, first in zip(homes, (0, 1), strict=True):
        await must_hold(ledger, home_id, months[first:])


async def test_many_homes_are_sealed_by_two_at_once_while_others_book(
    made: Database, ledger: Ledger
) -> None:
    homes = [f"home-{number}" for number in range(2 * HOMES_AT_ONCE + 5)]
    events = [need for home_id in homes for need in needed(home_id, 5)]
    later = [
        Housed(home_id=home_id, movements=(moved("need", "open", 1),))
        for home_id in homes
        for _ in range(5)
    ]
    for record in await told(
        ledger, begins(date(2011, 8, 31)), *events, begins(date(2011, 11, 2))
    ):
        await ledger.hear([record])
    records = await told(ledger, *later)
    async with ledger_on(made) as another:

        async def book() -> None:
            for start in range(0, len(records), 10):
                await ledger.hear(records[start : start + 10])

        await asyncio.gather(seal(ledger), seal(another), book())
    for home_id in homes:
        await must_hold(ledger, home_id, ["2011-08", "2011-09", "2011-10"])


async def test_a_seal_waits_for_the_booking_that_is_in_flight(ledger: Ledger) -> None:
    home_id = new_opaque_id()
    day, first, second = await told(ledger, begins(date(2011, 8, 31)), *needed(home_id, 5, 7))
    await ledger.hear([day])
    await ledger.hear([first])
    async with ledger.pool.acquire() as connection:
        booking = connection.transaction()
        await booking.start()
        await ledger.batches.apply(connection, [second], guarded=False)
        await ledger.pool.execute("UPDATE business_date SET day = '2011-09-01'")
        sealed = asyncio.create_task(seal(ledger))

        async def waits() -> bool:
            return bool(await ledger.pool.fetchval(LOCKED))

        await assert_eventually(waits)
        await booking.commit()
    await sealed
    assert [one["links"] for one in await seals_of(ledger, home_id)] == [2]
    await must_hold(ledger, home_id, ["2011-08"])


async def test_a_home_whose_links_were_taken_away_keeps_no_other_from_its_seal(
    made: Database, ledger: Ledger
) -> None:
    records = await told(
        ledger,
        begins(date(2011, 8, 1)),
        *needed("altered", 5, 6, 7, 8),
        *needed("sound", 5),
        begins(date(2011, 9, 1)),
    )
    for record in records:
        await ledger.hear([record])
    async with connected(made.administrator()) as connection:
        await connection.execute("ALTER TABLE ledger.link DISABLE TRIGGER append_only")
        await connection.execute(
            "DELETE FROM ledger.link WHERE home_id = 'altered' AND number > 1"
        )
    await seal(ledger)
    await must_hold(ledger, "sound", ["2011-08"])
    assert await seals_of(ledger, "altered") == []


async def test_a_home_whose_stream_was_altered_keeps_no_other_from_its_seal(
    made: Database, ledger: Ledger
) -> None:
    records = await told(
        ledger,
        begins(date(2011, 8, 1)),
        *needed("altered", 5),
        *needed("sound", 5),
        begins(date(2011, 9, 1)),
    )
    for record in records:
        await ledger.hear([record])
    async with connected(made.administrator()) as connection:
        await connection.execute(
            "UPDATE ledger.head SET stream_version = 0 WHERE home_id = 'altered'"
        )
    await seal(ledger)
    await must_hold(ledger, "sound", ["2011-08"])
    assert await ledger.pool.fetch("SELECT FROM seal WHERE home_id = 'altered'") == []


async def test_nothing_more_is_booked_in_a_month_that_was_sealed(ledger: Ledger) -> None:
    home_id = new_opaque_id()
    for record in await told(
        ledger, begins(date(2011, 8, 31)), *needed(home_id, 5), begins(date(2011, 9, 1))
    ):
        await ledger.hear([record])
    await seal(ledger)
    await ledger.pool.execute("UPDATE business_date SET day = '2011-08-31'")
    late = Housed(home_id=home_id, movements=(moved("need", "open", 1),))
    await ledger.hear(await told(ledger, late))
    await must_hold(ledger, home_id, ["2011-08"])
    assert [one["links"] for one in await seals_of(ledger, home_id)] == [1]


async def test_whoever_is_party_to_a_home_may_list_its_seals_and_no_other_s(
    ledger: Ledger, reader: Reader
) -> None:
    for record in await told(
        ledger,
        begins(date(2011, 8, 1)),
        *needed(reader.home_id, 5),
        *needed("another", 5),
        begins(date(2011, 11, 1)),
    ):
        await ledger.hear([record])
    await seal(ledger)
    await must_hold(ledger, "another", ["2011-08", "2011-09", "2011-10"])
    said = await seals_of(ledger, reader.home_id)
    first = (await reader.get("seals", limit="2")).json()
    rest = (await reader.get("seals", cursor=first["next_cursor"])).json()
    listed = [*first["items"], *rest["items"]]
    assert [{name: one[name] for name in said[0]} for one in listed] == said
    assert rest["next_cursor"] is None
    everywhere = (await reader.client.get("/v1/seals")).json()["items"]
    assert everywhere == listed
    table = await reader.client.get(
        f"/v1/homes/{reader.home_id}/seals", headers={"Accept": "text/csv"}
    )
    assert table.text.splitlines()[0] == "home_id,month,links,link_hash,seal_hash,sealed_at"
    assert (await reader.client.get("/v1/homes/another/seals")).status_code == 404
