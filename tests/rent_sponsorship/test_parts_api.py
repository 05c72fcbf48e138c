"""Several sponsors of one rent as they are answered, in process on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from tests.rent_sponsorship.leasing import Renting, renting
from tests.support.stack import MakeDatabase

AGREEMENTS = "/v1/rent-agreements"
# The home of these tests needs 1,000 yen of rent in each of three months.
RENT: Final[dict[str, Any]] = {"rent_yen": 901, "common_charge_yen": 100}
MONTHS = {"from_month": "2011-08", "through_month": "2011-10", "beyond_need": True}
MONTHS_ASKED = "from_month=2011-08&through_month=2011-10"


@pytest.fixture
async def here(database: MakeDatabase) -> AsyncIterator[Renting]:
    async with renting(database) as one:
        yield one


async def agreed(here: Renting, name: str, **terms: Any) -> str:  # noqa: ANN401  JSON
    home = {"home_id": "h", "notice_months": 1}
    return str((await here.done(name, AGREEMENTS, {**home, **terms}))["commitment_id"])


async def taken(here: Renting, name: str, lease: str, **part: Any) -> str:  # noqa: ANN401  JSON
    """Agree, take a part, promise it, and return the agreement's id."""
    agreement_id = await agreed(here, name, cap=part.pop("cap", None))
    body = {"agreement_id": agreement_id, "from_month": "2011-08", **part}
    await here.done(name, f"{lease}/parts", body)
    await here.done(name, f"{lease}/parts/{agreement_id}/promises", MONTHS)
    return agreement_id


async def test_two_sponsors_promise_their_shares_which_add_up_to_the_yen(here: Renting) -> None:
    lease = await here.lease(**RENT, division="by_share")
    sponsor = await taken(here, "sponsor", lease, share_percent=60)
    baker = await taken(here, "baker", lease, share_percent=40)
    paid = {"month": "2011-08", "amount_yen": 601}
    await here.done("sponsor", f"{AGREEMENTS}/{sponsor}/payments", paid)

    august, september = await here.items("baker", f"{lease}/parts?from_month=2011-08&limit=2")
    # 60 % of 1,001 yen are 600.6, 40 % are 400.4: the odd yen is the first one's.
    assert (august["due_yen"], august["open_yen"]) == (1_001, 0)
    assert august["parts"] == [
        {
            "agreement_id": sponsor,
            "organisation_id": "company",
            "part_yen": 601,
            "promised_yen": 601,
            "delivered_yen": 601,
        },
        {
            "agreement_id": baker,
            "organisation_id": "baker",
            "part_yen": 400,
            "promised_yen": 400,
            "delivered_yen": 0,
        },
    ]
    assert [part["delivered_yen"] for part in september["parts"]] == [0, 0]
    too_much = {"agreement_id": await agreed(here, "baker"), "from_month": "2011-08"}
    refused = await here.refused("baker", f"{lease}/parts", {**too_much, "share_percent": 1})
    assert refused == "shares-beyond-whole"


async def test_of_two_who_take_too_much_at_once_one_is_refused(here: Renting) -> None:
    path = f"{await here.lease(**RENT, division='by_share')}/parts"
    part = {"from_month": "2011-08", "share_percent": 60}
    both = {name: await agreed(here, name) for name in ("sponsor", "baker")}
    answers = await asyncio.gather(
        *(here.post(name, path, {**part, "agreement_id": one}) for name, one in both.items())
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refused,) = [answer for answer in answers if answer.status_code == 409]
    assert refused.json()["type"] == "urn:yui:problem:shares-beyond-whole"


async def test_by_order_the_next_moves_up_after_a_notice_and_promises_more(here: Renting) -> None:
    lease = await here.lease(**RENT)
    sponsor = await taken(here, "sponsor", lease, cap=700)
    baker = await taken(here, "baker", lease, cap=900)

    async def parts() -> dict[str, list[int]]:
        listed = await here.items("nonprofit", f"{lease}/parts?{MONTHS_ASKED}")
        return {
            month["month"]: [*(part["part_yen"] for part in month["parts"]), month["open_yen"]]
            for month in listed
        }

    assert set(map(tuple, (await parts()).values())) == {(700, 301, 0)}
    # A month's notice on 15 August runs out on 15 September: October is uncovered.
    await here.done("sponsor", f"{AGREEMENTS}/{sponsor}/withdrawal", {"notice_on": "2011-08-15"})
    assert await parts() == {
        "2011-08": [700, 301, 0],
        "2011-09": [700, 301, 0],
        "2011-10": [900, 101],
    }
    await here.done("baker", f"{lease}/parts/{baker}/promises", MONTHS)
    months = (await here.get("baker", f"{AGREEMENTS}/{baker}")).json()["months"]
    assert [one["promised"] for one in months] == [301, 301, 900]


async def test_a_sponsor_takes_a_part_by_its_own_agreement_on_that_homes_rent_alone(
    here: Renting,
) -> None:
    lease = await here.lease(**RENT)
    part = {"agreement_id": await agreed(here, "sponsor"), "from_month": "2011-08"}
    assert await here.refused("baker", f"{lease}/parts", part) == "not-allowed"
    assert await here.refused("stranger", f"{lease}/parts", part) == "not-found"
    shared = await here.refused("sponsor", f"{lease}/parts", {**part, "share_percent": 60})
    assert shared == "part-divided-otherwise"
    unknown = f"{lease}/parts/{part['agreement_id']}/promises"
    assert await here.refused("sponsor", unknown, MONTHS) == "not-found"
    elsewhere = {**part, "agreement_id": await agreed(here, "sponsor", home_id="other-home")}
    assert await here.refused("sponsor", f"{lease}/parts", elsewhere) == "part-of-another-rent"


async def test_months_are_listed_page_by_page(here: Renting) -> None:
    path = f"{await here.lease(**RENT)}/parts?from_month=2013-06"
    first = (await here.get("nonprofit", f"{path}&limit=2")).json()
    assert [one["due_yen"] for one in first["items"]] == [1_001, 1_001]
    cursor = first["next_cursor"]
    second = (await here.get("nonprofit", f"{path}&limit=2&cursor={cursor}")).json()
    assert [one["month"] for one in second["items"]] == ["2013-08", "2013-09"]
    assert [one["due_yen"] for one in second["items"]] == [0, 0], "the lease has ended"
    assert len(await here.items("nonprofit", f"{path}&limit=500")) == 120
