"""What changed in a month between two moments: the totals, each entry, and why."""

import csv
import io
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from services.ledger.domain.movements import Place
from services.ledger.domain.restating import kind
from shared.contracts.event import Event, Movement
from shared.contracts.government_sponsorship import UnitPricesAnnounced
from shared.contracts.homes import NeedRestated
from shared.contracts.resources import RENT
from shared.ids import new_opaque_id
from tests.ledger.books import PLACES, Ledger, ledger_on
from tests.ledger.reading import Reader, reading
from tests.ledger.test_books import MONTHS, Housed, moved, needed, sponsored
from tests.ledger.test_known import begins, clock, pieces, told
from tests.support.records import Log, envelopes
from tests.support.stack import MakeDatabase

Json = dict[str, Any]

PAID = "rent_sponsorship.RentPaid.v1"
CORRECTED = "volunteers.AttendanceCorrected.v1"
PROMISED = "nonprofit_staffing.CaregivingPlanned.v1"
WITHDRAWN = "rent_sponsorship.RentSponsorshipWithdrawn.v1"
LAPSED = "volunteers.PledgedHoursLapsed.v1"
RESTATED = "homes.NeedRestated.v1"
CONFIRMED = "homes.DeliveryConfirmed.v1"
PRICES = "government_sponsorship.UnitPricesAnnounced.v1"
COUNTED = "homes.ChildrenCounted.v1"
UNKNOWN = "self_support.Housed.v1"


@pytest.mark.parametrize(
    ("movement", "event", "cause", "punctual", "late"),
    [
        (("need", "open"), RESTATED, PRICES, "price", "retroactive_price"),
        (("open", "need"), RESTATED, COUNTED, "count", "retroactive_count"),
        (("need", "open"), RESTATED, None, "need", "retroactive_need"),
        (("need", "open"), RESTATED, UNKNOWN, "need", "retroactive_need"),
        (("open", "promised"), PROMISED, RESTATED, "promise", "promise"),
        (("promised", "delivered"), PAID, None, "delivery", "late_delivery"),
        (("delivered", "open"), CORRECTED, None, "correction", "late_correction"),
        (("promised", "open"), WITHDRAWN, None, "withdrawal", "withdrawal"),
        (("promised", "open"), LAPSED, None, "lapse", "lapse"),
        (("delivered", "confirmed"), CONFIRMED, PAID, "confirmation", "confirmation"),
        (("open", "delivered"), UNKNOWN, None, "delivery", "late_delivery"),
        (("need", "promised"), UNKNOWN, None, "other", "other"),
    ],
)
def test_a_change_is_called_what_a_reader_of_reports_calls_it(
    movement: tuple[Place, Place], event: str, cause: str | None, punctual: str, late: str
) -> None:
    assert kind(*movement, event, cause, late=False) == punctual
    assert kind(*movement, event, cause, late=True) == late


@pytest.fixture
async def ledger(database: MakeDatabase) -> AsyncIterator[Ledger]:
    made = await database("ledger")
    async with ledger_on(made) as running:
        yield running


@pytest.fixture
async def reader(ledger: Ledger) -> AsyncIterator[Reader]:
    async with reading(ledger, new_opaque_id()) as asking:
        yield asking


async def restated(reader: Reader, **asked: str) -> tuple[Json, list[Json]]:
    """Return the totals by resource, and all entries, page after page."""
    entries: list[Json] = []
    while True:
        response = await reader.get("restatements", **asked)
        assert response.is_success, response.text
        page = response.json()
        entries += page["items"]
        if page["next_cursor"] is None:
            return {one["resource"]: one for one in page["totals"]}, entries
        asked["cursor"] = page["next_cursor"]


@pytest.mark.parametrize("seed", range(3))
async def test_the_entries_in_between_explain_the_difference_of_what_was_known(
    ledger: Ledger, reader: Reader, seed: int
) -> None:
    random, home_id = Random(seed), reader.home_id
    events = [begins(date(2012, 1, 5)), *needed(home_id, 700, 300)]
    first, *records = await told(ledger, *events, *sponsored(home_id, random, 60))
    await ledger.hear([first])
    instants = [(await clock(ledger)).isoformat()]
    for piece in pieces(random, records):
        await ledger.hear(piece)
        instants.append((await clock(ledger)).isoformat())
    for month in MONTHS:
        earlier, later = sorted(random.sample(instants, 2))
        between = f"{earlier},{later}"
        totals, entries = await restated(reader, month=month, between=between, limit="3")
        before = await reader.cells(known_at=earlier)
        after = await reader.cells(known_at=later)
        moves: Counter[str] = Counter()
        for entry in entries:
            assert entry["month"] == month
            assert entry["late"] == (month != "2012-01")
            moves[entry["moved_from"]] -= entry["quantity"]
            moves[entry["moved_to"]] += entry["quantity"]
        for place in PLACES:
            difference = totals[RENT]["difference"][place] if RENT in totals else 0
            assert difference == moves[place]
            assert difference == after[RENT, month, place] - before[RENT, month, place]


async def test_a_revision_of_prices_is_the_cause_of_what_it_changed(
    ledger: Ledger, reader: Reader
) -> None:
    def restates(quantity: int) -> NeedRestated:
        movement = Movement(
            resource="children_needs",
            month="2012-01",
            moved_from="need",
            moved_to="open",
            quantity=quantity,
        )
        return NeedRestated(home_id=reader.home_id, required=(), movements=(movement,))

    prices = UnitPricesAnnounced(
        programme_id="national",
        announcement_id="a",
        organisation_id="ministry",
        announced_on=date(2012, 2, 10),
        from_day=date(2011, 4, 1),
        prices=(),
    )
    log = Log()
    events: list[Event] = [begins(date(2012, 1, 31)), restates(50_000)]
    (day, stamp), (need, stated), (more, again), (later, passed) = envelopes(
        [*events, restates(800), begins(date(2012, 2, 10))]
    )
    [(announced, announcement)] = envelopes([prices])
    log.write(announced, announcement)
    log.write(day, stamp)
    log.write(need, stated)
    log.write(later, passed)
    log.write(more, replace(again, causation=announcement.event_id))
    await ledger.know(log)
    for records in log.topics.values():
        for record in records:
            await ledger.hear([record])
    now = (await clock(ledger)).isoformat()
    between = f"2011-12-31T00:00+09:00,{now}"
    _, [first, second] = await restated(reader, month="2012-01", between=between)
    assert (first["kind"], first["late"], first["cause_type"]) == ("need", False, None)
    assert (second["kind"], second["late"]) == ("retroactive_price", True)
    assert second["cause_type"] == "government_sponsorship.UnitPricesAnnounced.v1"
    assert second["causation"] == str(announcement.event_id)
    assert (second["event_id"], second["version"]) == (str(again.event_id), 2)
    assert second["recorded_at"] == again.recorded_at.isoformat()


async def test_what_changed_is_asked_between_two_days_of_one_resource_and_as_a_table(
    ledger: Ledger, reader: Reader
) -> None:
    late = Housed(
        home_id=reader.home_id, movements=(moved("open", "delivered", 7, delivery_id="d"),)
    )
    events = [begins(date(2012, 1, 31)), *needed(reader.home_id, 50), begins(date(2012, 2, 9))]
    for record in await told(ledger, *events, begins(date(2012, 2, 10)), late):
        await ledger.hear([record])
    asked = {"month": "2012-01", "between": "2012-01-31,2012-02-09", "resource": RENT}
    totals, entries = await restated(reader, **asked)
    assert entries == []
    assert totals[RENT]["before"] == totals[RENT]["after"]
    now = (await clock(ledger)).isoformat()
    asked["between"] = f"2012-02-10T00:00+09:00,{now}"
    _, entries = await restated(reader, **asked)
    assert [entry["kind"] for entry in entries] == ["need", "late_delivery"]
    assert await restated(reader, **{**asked, "resource": "caregiving"}) == ({}, [])
    path = f"/v1/homes/{reader.home_id}/restatements"
    table = await reader.client.get(path, params=asked, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [(row["kind"], row["delivered"]) for row in rows] == [
        ("need", "0"),
        ("late_delivery", "7"),
    ]


@pytest.mark.parametrize(
    ("between", "rule"),
    [
        ("2012-01-01", "between-unclear"),
        ("2012-01-01,2012-01-02,2012-01-03", "between-unclear"),
        ("2012-01-01,2012-01-02T00:00Z", "between-unclear"),
        ("2012-01-01T00:00,2012-01-02T00:00", "between-unclear"),
        ("2012-01-32,2012-02-01", "between-unclear"),
        ("2012-01-02,2012-01-01", "between-turned-round"),
        ("2012-01-02T00:00Z,2012-01-01T00:00Z", "between-turned-round"),
        ("2012-01-01,2012-04-01", "day-not-passed"),
        ("2012-01-01T00:00Z,2999-01-01T00:00Z", "moment-not-passed"),
    ],
)
async def test_between_what_and_what_must_be_clear_and_certain(
    ledger: Ledger, reader: Reader, between: str, rule: str
) -> None:
    await ledger.hear(await told(ledger, begins(date(2012, 4, 1)), *needed(reader.home_id, 5)))
    assert await reader.refused("restatements", month="2012-01", between=between) == rule
