"""The register of homes over HTTP, and what it takes in of unit prices and of the date."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import date

import httpx2
import pytest

from shared.contracts.government_sponsorship import UnitPrice, UnitPricesAnnounced
from shared.contracts.resources import CHILDREN_NEEDS, RENT
from shared.ids import new_opaque_id
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner
from tests.support.stack import ServiceProcess, Stack
from tests.support.village import HOME, Village, village


@pytest.fixture(scope="module")
async def homes(stack: Stack) -> AsyncIterator[ServiceProcess]:
    """One process for all of them: a joining consumer takes seconds to be let in."""
    await stack.empty_topics()  # prices that other tests announced hold for every home
    database = await stack.database("homes")
    process = await stack.start("homes", database)
    yield process
    process.kill()
    await stack.drop(database)


def prices(from_day: date, yen: int) -> UnitPricesAnnounced:
    return UnitPricesAnnounced(
        programme_id="placement-costs",
        announcement_id=new_opaque_id(),
        organisation_id="prefecture",
        announced_on=date(2011, 10, 14),
        from_day=from_day,
        prices=(UnitPrice(age_band="school_age", yen_per_child_month=yen),),
    )


async def needed(here: Village, resource: str) -> dict[str, int]:
    """What the home needs of a resource, by month."""
    path = f"{here.path}/needs?resource={resource}&limit=500"
    return {one["month"]: one["quantity"] for one in (await here.tending.read(path))["items"]}


async def test_the_needs_follow_from_counts_and_prices(
    stack: Stack, homes: ServiceProcess
) -> None:
    async with village(stack, homes) as here:
        five = {"from_day": "2011-08-01", "counts": [{"age_band": "school_age", "children": 5}]}
        sixth = {"from_day": "2011-08-20", "counts": [{"age_band": "school_age", "children": 6}]}
        await here.tending.done(f"{here.path}/children", five)
        assert await needed(here, CHILDREN_NEEDS) == {}, "no price has been announced"

        await here.publisher.publish(prices(date(2011, 4, 1), 62_000))

        async def is_priced() -> None:
            assert await needed(here, CHILDREN_NEEDS) == {"2011-08": 310_000, "2011-09": 310_000}

        await assert_eventually(is_priced)
        await here.tending.done(f"{here.path}/children", sixth)
        assert await needed(here, CHILDREN_NEEDS) == {"2011-08": 334_000, "2011-09": 372_000}

        # Announced in October, back to 1 April: 620 yen more for each child and whole month.
        await here.publisher.publish(prices(date(2011, 4, 1), 62_620))

        async def is_revised() -> None:
            revised = {"2011-08": 334_000 + 5 * 620 + 240, "2011-09": 372_000 + 6 * 620}
            assert await needed(here, CHILDREN_NEEDS) == revised

        await assert_eventually(is_revised)
        await here.tending.done(f"{here.path}/closing", {"closed_on": "2011-08-31"})
        assert (await needed(here, CHILDREN_NEEDS)).keys() == {"2011-08"}


async def test_the_horizon_moves_on_with_the_date_that_is_played(
    stack: Stack, homes: ServiceProcess
) -> None:
    async with village(stack, homes, needs_through=None) as here:
        day = "/v1/business-date"
        await here.yui.done(day, {"business_date": "2011-08-31"})
        need = {"resource": RENT, "from_month": "2011-08", "quantity": 150_000}
        await here.tending.done(f"{here.path}/needs", need)
        assert max(await needed(here, RENT)) == "2013-08"
        begun = await here.yui.done(day, {"business_date": "2011-09-01"})
        assert len(begun["event_ids"]) == 2, "the day, and what this home needs at its far end"
        assert max(await needed(here, RENT)) == "2013-09"

        assert (await here.yui.done(day, {"business_date": "2011-09-01"}))["event_ids"] == []
        assert await here.yui.refused(day, {"business_date": "2011-08-31"}) == "date-goes-back"
        assert await here.tending.refused(day, {"business_date": "2011-10-01"}) == "not-allowed"
        assert await here.tending.read(day) == {"business_date": "2011-09-01", "simulated": True}


async def test_each_does_with_a_home_what_is_theirs_to_do(
    stack: Stack, homes: ServiceProcess
) -> None:
    async with village(stack, homes) as here:
        sponsor = await here.join("company")
        sponsoring, stranger = (
            Caller(homes.url, sponsor.key),
            Caller(homes.url, Partner("company").key),
        )

        async def is_party() -> bool:
            return (await sponsoring.get(here.path)).is_success

        await assert_eventually(is_party)
        five = {"capacity": 5, "from_day": "2011-09-01"}
        home = {**HOME, "home_operator_id": sponsor.organisation_id}
        assert await here.tending.refused("/v1/homes", home) == "not-allowed"
        assert await sponsoring.refused(f"{here.path}/capacity", five) == "not-allowed"
        assert (await stranger.get(here.path)).status_code == httpx2.codes.UNAUTHORIZED
        elsewhere = (await here.yui.done("/v1/homes", home))["home_id"]
        theirs = f"/v1/homes/{elsewhere}"
        assert (await here.tending.get(theirs)).status_code == httpx2.codes.NOT_FOUND
        assert await here.tending.refused(f"{theirs}/capacity", five) == "not-found"
        assert await here.tending.refused("/v1/homes/nowhere/capacity", five) == "not-found"
        assert await here.yui.refused("/v1/homes/nowhere/capacity", five) == "not-found"
        confirming = f"{theirs}/deliveries/any/confirmation"
        confirmation = {"quantity": 1, "delivery_version": 1}
        assert await here.tending.refused(confirming, confirmation) == "not-found"

        await here.tending.done(f"{here.path}/capacity", five)
        listed = (await here.tending.read("/v1/homes"))["items"]
        assert [one["home_id"] for one in listed] == [here.home_id]
        assert (await here.tending.read(here.path))["capacities"] == [
            {"from_day": "2011-08-01", "capacity": 6},
            {"from_day": "2011-09-01", "capacity": 5},
        ]


async def test_the_rules_are_shown_with_their_source_and_how_sure_we_are(
    stack: Stack, homes: ServiceProcess
) -> None:
    async with village(stack, homes) as here:
        capacity = (await here.tending.read("/v1/rules?key=FH.CAP&on=2011-08-01"))["items"]
        assert [(rule["value"], rule["confidence"]) for rule in capacity] == [([5, 6], "found")]
        seven = {"capacity": 7, "from_day": "2011-09-01"}
        refused = await here.tending.post(f"{here.path}/capacity", seven)
        assert "FH.CAP" in refused.json()["detail"]
        unconfirmed = (await here.tending.read("/v1/rules?key=NEEDS.ROUNDING"))["items"]
        assert [rule["confirmed"] for rule in unconfirmed] == [False]


async def test_lists_go_on_page_by_page_and_come_as_csv(
    stack: Stack, homes: ServiceProcess
) -> None:
    async with village(stack, homes) as here:
        need = {"resource": RENT, "from_month": "2011-08", "quantity": 150_000}
        await here.tending.done(f"{here.path}/needs", need)
        first = await here.tending.read(f"{here.path}/needs?limit=1")
        rest = await here.tending.read(f"{here.path}/needs?limit=2&cursor={first['next_cursor']}")
        assert [one["month"] for one in first["items"] + rest["items"]] == ["2011-08", "2011-09"]
        assert rest["next_cursor"] is None
        async with httpx2.AsyncClient(base_url=homes.url) as client:
            answer = await client.get(
                f"{here.path}/needs", headers={**here.nonprofit.headers, "Accept": "text/csv"}
            )
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [(row["month"], row["quantity"]) for row in rows] == [
            ("2011-08", "150000"),
            ("2011-09", "150000"),
        ]


async def test_homes_are_sorted_and_filtered(stack: Stack, homes: ServiceProcess) -> None:
    async with village(stack, homes) as here:
        days = {"2011-08-05": "13", "2011-08-07": "27", "2011-08-06": "27"}
        runs = {"home_operator_id": here.nonprofit.organisation_id}
        for day, prefecture_code in days.items():
            home = {**HOME, **runs, "opens_on": day, "prefecture_code": prefecture_code}
            await here.yui.done("/v1/homes", home)

        async def told(query: str) -> list[str]:
            found, going_on = list[str](), ""
            while True:
                answer = await here.yui.read(f"/v1/homes?limit=1&{query}{going_on}")
                found += [one["opens_on"] for one in answer["items"]]
                if answer["next_cursor"] is None:
                    return [day for day in found if day in days]
                going_on = f"&cursor={answer['next_cursor']}"

        assert await told("sort=-opens_on") == ["2011-08-07", "2011-08-06", "2011-08-05"]
        assert await told("sort=opens_on&prefecture_code=27") == ["2011-08-06", "2011-08-07"]
        assert await told("sort=prefecture_code") == ["2011-08-05", "2011-08-07", "2011-08-06"]
