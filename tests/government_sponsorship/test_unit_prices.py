"""Unit prices over HTTP: a government announces them, everyone may read them."""

from typing import Any

from shared.ids import new_opaque_id
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce
from tests.support.publishing import Publisher
from tests.support.stack import MakeDatabase, Stack

PATH = "/v1/unit-prices"
UNDER_3 = {"age_band": "under_3", "yen_per_child_month": 60_000}
SCHOOL_AGE = {"age_band": "school_age", "yen_per_child_month": 50_000}


def prices(from_day: str, *of_bands: dict[str, Any]) -> dict[str, Any]:
    return {"from_day": from_day, "announced_on": "2011-10-07", "prices": of_bands}


async def test_only_a_government_announces_unit_prices(
    stack: Stack, database: MakeDatabase
) -> None:
    process = await stack.start("government_sponsorship", await database("government_sponsorship"))
    home_id, ministry, sponsor = new_opaque_id(), Partner("government"), Partner("company")
    async with Publisher(stack.kafka_bootstrap) as publisher:
        await announce(publisher, sponsor, home_id)
        await announce(publisher, ministry, home_id)
    government = Caller(process.url, ministry.key)
    company = Caller(process.url, sponsor.key)

    async def are_known() -> bool:
        answers = [await caller.get(PATH) for caller in (government, company)]
        return all(answer.is_success for answer in answers)

    await assert_eventually(are_known)
    august = prices("2011-08-01", UNDER_3, SCHOOL_AGE)
    first = await government.done(PATH, august)
    same = await government.done(PATH, august)
    assert same["announcement_id"] == first["announcement_id"]
    assert same["event_ids"] == []
    revised = await government.done(PATH, prices("2011-04-01", {**UNDER_3}))

    assert await company.refused(PATH, august) == "not-allowed"
    assert await government.refused(PATH, prices("2011-08-01")) == "no-price"
    twice = prices("2011-08-01", UNDER_3, UNDER_3)
    assert await government.refused(PATH, twice) == "priced-twice"

    listed = await company.read(PATH)
    assert [
        (one["announcement_id"], one["from_day"], one["prices"]) for one in listed["items"]
    ] == [
        (first["announcement_id"], "2011-08-01", [SCHOOL_AGE, UNDER_3]),
        (revised["announcement_id"], "2011-04-01", [UNDER_3]),
    ]
    page = await company.read(f"{PATH}?limit=1")
    rest = await company.read(f"{PATH}?limit=1&cursor={page['next_cursor']}")
    assert [*page["items"], *rest["items"]] == listed["items"]
