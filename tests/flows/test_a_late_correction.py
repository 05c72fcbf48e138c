"""A payment is corrected after its month was reported and sealed: the report stays explainable."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from shared.contracts.homes import BusinessDateAdvanced
from shared.contracts.resources import RENT
from shared.ids import new_opaque_id
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce, announce_home
from tests.support.publishing import Publisher
from tests.support.sectors import RENT_AGREEMENT, Contributor
from tests.support.stack import MakeDatabase, Stack

MARCH = "2012-03"
NEED, PAID, RIGHT = 150_000, 150_000, 140_000
REPORTED_ON, CORRECTED_ON = date(2012, 4, 10), date(2012, 5, 15)


@dataclass(frozen=True)
class Reporter:
    """Whoever hands in the report of a home's March."""

    ledger: Caller
    home_id: str

    async def report(self) -> bytes:
        path = f"/v1/homes/{self.home_id}/ledger?through={MARCH}&known_on={REPORTED_ON}"
        response = await self.ledger.get(path)
        assert response.is_success, response.text
        return response.content

    async def delivered(self) -> int:
        books = await self.ledger.read(f"/v1/homes/{self.home_id}/ledger?through={MARCH}")
        return int(books["items"][-1]["delivered"])

    async def has_passed(self, day: date) -> bool:
        """Whether the ledger lives after this day: before that nothing is known on it."""
        path = f"/v1/homes/{self.home_id}/ledger?known_on={day}"
        return bool((await self.ledger.get(path)).is_success)

    async def seals(self) -> dict[str, dict[str, Any]]:
        seals = await self.ledger.read(f"/v1/homes/{self.home_id}/seals")
        return {seal["month"]: seal for seal in seals["items"]}

    async def changes(self) -> dict[str, Any]:
        between = f"{REPORTED_ON},{CORRECTED_ON}"
        return await self.ledger.read(
            f"/v1/homes/{self.home_id}/restatements?month={MARCH}&between={between}"
        )


async def test_what_was_reported_stays_and_a_late_correction_explains_what_has_changed(
    stack: Stack, database: MakeDatabase
) -> None:
    await stack.empty_topics()  # of the days that other tests have played
    db = await database("rent_sponsorship", "ledger")
    rent, ledger = [await stack.start(name, db) for name in ("rent_sponsorship", "ledger")]
    home_id, sponsor = new_opaque_id(), Partner("company")
    reporter = Reporter(Caller(ledger.url, sponsor.key), home_id)
    paying = Contributor(RENT_AGREEMENT, rent.url, sponsor, home_id)
    async with Publisher(stack.kafka_bootstrap) as publisher:

        async def plays(day: date) -> None:
            async def has_come() -> bool:
                known = await reporter.has_passed(day - timedelta(days=1))
                return known and not await reporter.has_passed(day)

            await publisher.publish(BusinessDateAdvanced(business_date=day))
            await assert_eventually(has_come)

        async def is_booked(total: int) -> None:
            async def booked() -> None:
                assert await reporter.delivered() == total

            await assert_eventually(booked)

        async def has_sealed(*months: str) -> None:
            async def sealed() -> None:
                assert tuple(await reporter.seals()) == months

            await assert_eventually(sealed)

        await announce(publisher, sponsor, home_id)
        await plays(date(2012, 3, 20))
        await announce_home(publisher, home_id, RENT, {MARCH: NEED})
        await assert_eventually(paying.knows_the_home)
        payment = await paying.delivers(PAID, MARCH, gift=True)
        await is_booked(PAID)
        await plays(REPORTED_ON + timedelta(days=1))
        await has_sealed(MARCH)
        reported, sealed = await reporter.report(), await reporter.seals()

        await plays(CORRECTED_ON)
        await paying.corrects(payment, RIGHT)
        await is_booked(RIGHT)
        await plays(date(2012, 6, 1))
        await has_sealed(MARCH, "2012-04", "2012-05")

    assert await reporter.report() == reported
    changed = await reporter.changes()
    (total,), (entry,) = changed["totals"], changed["items"]
    assert (total["before"]["delivered"], total["after"]["delivered"]) == (PAID, RIGHT)
    assert (entry["kind"], entry["late"], entry["quantity"]) == ("late_correction", True, 10_000)
    assert entry["business_date"] == str(CORRECTED_ON)
    seals = await reporter.seals()
    assert sealed[MARCH] == seals[MARCH]
    assert seals["2012-04"]["links"] == seals[MARCH]["links"] < entry["number"]
    assert seals["2012-05"]["links"] == entry["number"]
