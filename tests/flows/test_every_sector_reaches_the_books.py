"""All four partners keep their promises to one home each; the ledger's books show every unit."""

from collections.abc import AsyncIterator

import pytest

from shared.calendar import months_through
from shared.ids import new_opaque_id
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce, announce_home
from tests.support.publishing import Publisher
from tests.support.sectors import KINDS, Contributor, Kind
from tests.support.stack import Stack

MONTHS = tuple(months_through("2011-08", "2012-03"))
PARTNERS = sorted({kind.service for kind in KINDS})
PLACES = ("required", "open", "promised", "delivered", "confirmed")

# In twentieths of what the home needs.
EXPECTED = {
    "2011-08": (20, 0, 0, 20, 0),  # kept in full
    "2011-09": (20, 0, 1, 19, 0),  # two beyond, then corrected down by three: beyond goes first
    "2011-10": (20, -4, 0, 24, 0),  # one beyond, and a gift of three: a surplus
    "2011-11": (20, 0, 6, 14, 0),  # corrected down from twenty: the rest is owed again
    "2011-12": (20, 5, 2, 13, 0),  # promised less from here on; corrected up from ten
    "2012-01": (20, 5, 15, 0, 0),
    "2012-02": (20, 5, 15, 0, 0),
    "2012-03": (20, 20, 0, 0, 0),  # notice of 10 December and two months: free from March
}


@pytest.fixture(scope="module")
async def urls(stack: Stack) -> AsyncIterator[dict[str, str]]:
    """Return where each partner's service and the ledger answer."""
    db = await stack.database(*PARTNERS, "ledger")
    started = [await stack.start(name, db) for name in (*PARTNERS, "ledger")]
    yield {process.service.name: process.url for process in started}
    for process in started:
        process.kill()
    await stack.drop(db)


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_every_unit_of_a_sector_is_in_its_place(
    kind: Kind, stack: Stack, urls: dict[str, str]
) -> None:
    home_id, partner = new_opaque_id(), Partner(kind.sector)
    part = kind.need // 20
    contributor = Contributor(kind, urls[kind.service], partner, home_id)
    async with Publisher(stack.kafka_bootstrap) as publisher:
        await announce(publisher, partner, home_id)
        await announce_home(publisher, home_id, kind.resource, dict.fromkeys(MONTHS, kind.need))
    await assert_eventually(contributor.knows_the_home)

    async def promises_all() -> None:
        # Needs may arrive after the home itself; until then nothing is known to be needed.
        await contributor.promises(20 * part, MONTHS[0], MONTHS[-1])

    await assert_eventually(promises_all)
    await contributor.promises(15 * part, "2011-12", None)
    await contributor.delivers(20 * part, "2011-08")
    assert await contributor.delivery_refused(22 * part, "2011-09") == "delivery-beyond-promise"
    september = await contributor.delivers(22 * part, "2011-09", beyond=2 * part)
    await contributor.corrects(september, 19 * part)
    await contributor.delivers(21 * part, "2011-10", beyond=part)
    await contributor.delivers(3 * part, "2011-10", gift=True)
    november = await contributor.delivers(20 * part, "2011-11")
    await contributor.corrects(november, 14 * part)
    december = await contributor.delivers(10 * part, "2011-12")
    await contributor.corrects(december, 13 * part)
    last = await contributor.withdraws("2011-12-10")

    months = await contributor.months()
    assert {month: told["outstanding"] for month, told in months.items()} == {
        month: promised * part for month, (_, _, promised, _, _) in EXPECTED.items()
    }

    ledger = Caller(urls["ledger"], partner.key)
    assert (await ledger.read(f"/v1/events/{last}?wait=10"))["outcome"] == "booked"

    async def books_are_right() -> None:
        cells = (await ledger.read(f"/v1/homes/{home_id}/ledger"))["items"]
        assert {cell["month"]: tuple(cell[place] for place in PLACES) for cell in cells} == {
            month: tuple(units * part for units in expected)
            for month, expected in EXPECTED.items()
        }
        assert {cell["resource"] for cell in cells} == {kind.resource}

    await assert_eventually(books_are_right)
