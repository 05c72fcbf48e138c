"""A statement as it was handed in: what was known by then, the same for ever."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime

import httpx2
import pytest

from services.rent_sponsorship.domain import RENT_AGREEMENT
from shared.commitments.commands import Deliver
from shared.contracts.commitment import CommitmentFact
from shared.contracts.homes import BusinessDateAdvanced
from shared.contracts.resources import RENT
from tests.ledger.books import Ledger, ledger_on
from tests.ledger.test_known import WAITING
from tests.ledger.test_statements import (
    FAR,
    NEAR,
    WAGE,
    Office,
    Offices,
    a_year,
    commitment,
    offices_of,
    places,
    promise,
)
from tests.support.eventually import assert_eventually
from tests.support.stack import MakeDatabase


@pytest.fixture
async def ledger(database: MakeDatabase) -> AsyncIterator[Ledger]:
    made = await database("ledger")
    async with ledger_on(made) as running:
        yield running


@pytest.fixture
async def offices(ledger: Ledger) -> AsyncIterator[Offices]:
    async with offices_of(ledger) as found:
        yield found


async def clock(ledger: Ledger) -> str:
    found: datetime = await ledger.pool.fetchval("SELECT clock_timestamp()")
    return found.isoformat()


async def rent(office: Office, **asked: str) -> tuple[int, ...] | None:
    lines = (await office.read("2011", **asked))["lines"]
    return next((places(line) for line in lines if line["resource"] == RENT), None)


def five_yen(sponsor: Office) -> list[CommitmentFact]:
    month = promise(5, "2011-08", "2011-08")
    return commitment(RENT_AGREEMENT, NEAR, sponsor.organisation_id, RENT, month)


async def test_a_statement_can_be_had_again_as_it_was_handed_in(
    ledger: Ledger, offices: Offices
) -> None:
    sponsor = offices.sponsor
    before = await clock(ledger)
    year = a_year(sponsor.organisation_id, offices.neighbour.organisation_id)
    await offices.telling.hear(*year)
    handed_in = await clock(ledger)
    first = (await sponsor.get("2011", known_at=handed_in)).content
    printed = (await sponsor.get("2011", known_at=handed_in, format="html")).text
    assert await rent(sponsor, known_at=handed_in) == (910_000, 145_000, 150_000, 295_000)

    assert (await sponsor.declare("in_notes", **WAGE)).is_success
    late = commitment(
        RENT_AGREEMENT,
        FAR,
        sponsor.organisation_id,
        RENT,
        Deliver(delivery_id="late", month="2011-12", quantity=1, gift=True),
    )
    await offices.telling.hear(*late)

    assert (await sponsor.get("2011", known_at=handed_in)).content == first
    assert (await sponsor.get("2011", known_at=handed_in, format="html")).text == printed
    assert await rent(sponsor, known_at=before) is None
    now = await sponsor.read("2011")
    assert {line["home_id"] for line in now["lines"] if line["resource"] == RENT} == {NEAR, FAR}
    assert now["totals"][-1]["yen"] == 9_916


async def test_a_statement_waits_for_a_first_booking_that_is_in_flight(
    ledger: Ledger, offices: Offices
) -> None:
    sponsor = offices.sponsor
    [[signed, promised]] = await offices.telling.tell(*five_yen(sponsor))
    await ledger.hear([signed])
    async with ledger.pool.acquire() as connection:
        booking = connection.transaction()
        await booking.start()
        await ledger.batches.apply(connection, [promised], guarded=False)
        now = await clock(ledger)
        asked = asyncio.create_task(sponsor.get("2011", known_at=now))

        async def waits() -> bool:
            return bool(await ledger.pool.fetchval(WAITING))

        await assert_eventually(waits)
        await booking.commit()
    known = await asked
    assert [places(line) for line in known.json()["lines"]] == [(5, 0, 0, 0)]
    assert (await sponsor.get("2011", known_at=now)).content == known.content


async def test_a_statement_as_known_on_a_business_date(ledger: Ledger, offices: Offices) -> None:
    sponsor = offices.sponsor
    march, april = (
        BusinessDateAdvanced(business_date=day) for day in (date(2012, 3, 31), date(2012, 4, 1))
    )
    [[last_day, next_day]] = await offices.telling.tell(march, april)
    await ledger.hear([last_day])
    await offices.telling.hear(*five_yen(sponsor))
    assert (await sponsor.get("2011", known_on="2012-03-31")).status_code == httpx2.codes.CONFLICT
    await ledger.hear([next_day])
    assert (await sponsor.declare("in_notes", **WAGE)).is_success
    assert await rent(sponsor, known_on="2012-03-31") == (5, 0, 0, 0)
    assert (await sponsor.read("2011", known_on="2012-03-31"))["known"] == "2012-03-31"
    assert await rent(sponsor, known_on="2012-03-30") is None


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        ("moment-not-passed", {"known_at": "2999-01-01T00:00Z"}),
        ("day-not-passed", {"known_on": "2999-01-01"}),
    ],
)
async def test_what_is_not_certain_yet_is_refused_also_where_nothing_is_known(
    offices: Offices, rule: str, asked: dict[str, str]
) -> None:
    for office, of in ((offices.sponsor, None), (offices.yui, offices.yui.organisation_id)):
        refused = await office.get("2011", of, **asked)
        assert refused.json()["type"] == f"urn:yui:problem:{rule}"
