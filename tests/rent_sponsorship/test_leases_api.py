"""What is answered about leases, in process on a real PostgreSQL."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import date

import httpx2
import pytest

from tests.rent_sponsorship.leasing import LEASE, Renting, renting
from tests.support.stack import MakeDatabase

LEASES = "/v1/leases"


@pytest.fixture
async def here(database: MakeDatabase) -> AsyncIterator[Renting]:
    async with renting(database) as one:
        yield one


async def test_a_lease_is_shown_with_what_is_due_from_each_month_on(here: Renting) -> None:
    path = await here.lease()
    raised = {"from_month": "2012-04", "rent_yen": 150_001, "common_charge_yen": 10_000}
    await here.done("nonprofit", f"{path}/rent", raised)
    answer = await here.get("nonprofit", path)
    shown = answer.json()
    assert answer.headers["ETag"] == '"2"'
    assert (shown["organisation_id"], shown["ends_on"]) == ("nonprofit", "2013-07-31")
    assert shown["charges"] == [
        {"from_month": "2011-08", "rent_yen": 140_000, "common_charge_yen": 10_000},
        raised,
    ]


async def test_of_two_who_change_one_lease_the_second_is_told(here: Renting) -> None:
    path = await here.lease()
    read = {"If-Match": (await here.get("nonprofit", path)).headers["ETag"]}
    ending = {"ends_on": "2012-12-31"}
    assert (await here.post("nonprofit", f"{path}/ending", ending, **read)).is_success
    late = await here.post("nonprofit", f"{path}/ending", {"ends_on": "2012-11-30"}, **read)
    assert late.status_code == httpx2.codes.PRECONDITION_FAILED


async def test_whoever_is_party_may_lease_for_the_home_and_changes_its_own_lease_alone(
    here: Renting,
) -> None:
    path = await here.lease("sponsor")
    change = {"from_month": "2012-04", "rent_yen": 1}
    assert await here.refused("nonprofit", f"{path}/rent", change) == "not-allowed"
    assert (await here.get("nonprofit", path)).json()["organisation_id"] == "company"
    assert await here.refused("neighbours", LEASES, LEASE) == "not-allowed"
    assert await here.refused("stranger", LEASES, LEASE) == "not-found"
    assert (await here.get("stranger", path)).status_code == httpx2.codes.NOT_FOUND
    assert await here.refused("stranger", f"{path}/rent", change) == "not-found"


async def test_leases_are_listed_by_their_end_a_year_ahead_and_page_by_page(
    here: Renting,
) -> None:
    ordinary = await here.lease(kind="ordinary", term_ends_on=None)
    late = await here.lease("sponsor", home_id="other-home", term_ends_on="2013-09-30")
    early = await here.lease(term_ends_on="2013-03-31")
    await here.api.day(date(2012, 7, 31))

    listed = await here.items("nonprofit", LEASES)
    assert [f"{LEASES}/{one['lease_id']}" for one in listed] == [early, late, ordinary]
    assert [one["ends_within_a_year"] for one in listed] == [True, False, False]
    before = await here.items("nonprofit", f"{LEASES}?ending_before=2013-09-30")
    assert [f"{LEASES}/{one['lease_id']}" for one in before] == [early]
    assert await here.items("baker", f"{LEASES}?home_id=other-home") == []

    found, cursor = [], ""
    while cursor is not None:
        query = f"?limit=1&cursor={cursor}" if cursor else "?limit=1"
        told = (await here.get("nonprofit", f"{LEASES}{query}")).json()
        found += [f"{LEASES}/{one['lease_id']}" for one in told["items"]]
        cursor = told["next_cursor"]
    assert found == [early, late, ordinary]
    broken = await here.get("nonprofit", f"{LEASES}?cursor=WyJ4IiwieSJd")
    assert broken.json()["type"] == "urn:yui:problem:broken-cursor"

    await here.done("nonprofit", f"{ordinary}/ending", {"ends_on": "2012-08-31"})
    table = (await here.get("nonprofit", LEASES, Accept="text/csv")).text
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["ends_on"] for row in rows] == ["2012-08-31", "2013-03-31", "2013-09-30"]
