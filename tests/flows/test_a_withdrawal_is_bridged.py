"""A sponsor withdraws: the hole is asked for at once, offered in parts, covered, or escalated."""

import csv
import io
from typing import Any

import httpx2

from tests.support.asking import Caller
from tests.support.asks import NEED, Neighbourhood, neighbourhood, sponsored
from tests.support.eventually import assert_eventually
from tests.support.stack import MakeDatabase, Stack

APPEALS = "/v1/rent-appeals"
MARCH, APRIL = "2012-03", "2012-04"
HOLE = [{"month": MARCH, "quantity": NEED}, {"month": APRIL, "quantity": NEED}]


async def withdrawn(here: Neighbourhood, agreement: str) -> dict[str, Any]:
    """Give notice on 10 December, and return the ask that comes of it."""
    await here.it_is("2011-12-10")

    async def gives_notice() -> bool:
        sponsor = here.asking("sponsor", "rent_sponsorship")
        return bool(await sponsor.done(f"{agreement}/withdrawal", {"notice_on": "2011-12-10"}))

    await assert_eventually(gives_notice)

    async def is_asked_for() -> None:
        months = [one["months"] for one in await here.asks()]
        assert months == [HOLE], "two months' notice from 10 December: March is uncovered"

    await assert_eventually(is_asked_for)
    (ask,) = await here.asks()
    return ask


async def test_a_withdrawal_is_bridged_by_competing_offers_accepted_in_parts(
    stack: Stack, database: MakeDatabase
) -> None:
    here = await neighbourhood(stack, database)
    ask = await withdrawn(here, await sponsored(here))
    ask_id = ask["ask_id"]
    assert (ask["gap"], ask["asked"], ask["opened_on"]) == (2, ["company"], "2011-12-10")

    # Whoever is of the sector sees it, a stranger to the home too, and nothing else of it.
    async def is_seen() -> None:
        for company in ("baker", "carpenter"):
            seen = await here.seen(company, "rent_sponsorship", APPEALS)
            assert [(one["ask_id"], one["months"]) for one in seen] == [(ask_id, HOLE)]
            assert [(one["prefecture_code"], one["first_month"]) for one in seen] == [
                ("14", MARCH)
            ]

    await assert_eventually(is_seen)
    assert await here.seen("baker", "rent_sponsorship", f"{APPEALS}?prefecture_code=13") == []
    assert await here.seen("city", "government_sponsorship", "/v1/grant-requests") == []
    async with httpx2.AsyncClient(base_url=here.services["rent_sponsorship"].url) as client:
        headers = {"Authorization": f"Bearer {here.keys['baker']}", "Accept": "text/csv"}
        (row,) = csv.DictReader(io.StringIO((await client.get(APPEALS, headers=headers)).text))
    assert (row["ask_id"], row["unit"]) == (ask_id, "yen")

    # Two offers, one of a part and one of all, stand side by side.
    baker = here.asking("baker", "rent_sponsorship")
    carpenter = here.asking("carpenter", "rent_sponsorship")
    part = {"months": [{**month, "quantity": 100_000} for month in HOLE], "notice_months": 3}
    offered = (await baker.done(f"{APPEALS}/{ask_id}/offers", part))["offer_id"]
    all_of_it = (await carpenter.done(f"{APPEALS}/{ask_id}/offers"))["offer_id"]
    tending = here.asking("nonprofit", "homes")

    async def both_stand() -> None:
        shown = (await tending.read(f"/v1/asks/{ask_id}"))["offers"]
        assert [one["offer_id"] for one in shown] == sorted([offered, all_of_it])
        assert {one["status"] for one in shown} == {"standing"}

    await assert_eventually(both_stand)
    offers = f"/v1/asks/{ask_id}/offers"
    rest = [{**month, "quantity": 50_000} for month in HOLE]
    await tending.done(f"{offers}/{offered}/acceptance")
    # Whether the books show the first already or not: no more than stands open.
    whole = await tending.refused(f"{offers}/{all_of_it}/acceptance")
    assert whole == "acceptance-beyond-open"
    await tending.done(f"{offers}/{all_of_it}/acceptance", {"months": rest})

    async def is_closed() -> None:
        assert await here.asks() == []
        shown = await tending.read(f"/v1/asks/{ask_id}")
        assert shown["closed_on"] == "2011-12-10"
        assert {one["status"] for one in shown["offers"]} == {"kept"}

    await assert_eventually(is_closed)

    # Both are party to the home now: they read its books, and promise by what was accepted.
    async def is_covered() -> None:
        for company in ("baker", "carpenter"):
            reading = here.asking(company, "ledger")
            books = (await reading.read(f"/v1/homes/{here.home_id}/ledger"))["items"]
            covered = [(one["month"], one["open"], one["promised"]) for one in books]
            assert covered[-2:] == [(MARCH, 0, NEED), (APRIL, 0, NEED)]

    await assert_eventually(is_covered)
    agreement = await baker.read(f"/v1/rent-agreements/{offered}")
    assert agreement["notice_months"] == 3
    assert [month["promised"] for month in agreement["months"]] == [100_000, 100_000]
    taking_back = f"{APPEALS}/{ask_id}/offers/{offered}/taking-back"
    assert await baker.refused(taking_back) == "offer-promised"


async def test_what_nobody_covers_is_asked_of_others_and_the_governments_are_told_in_time(
    stack: Stack, database: MakeDatabase
) -> None:
    here = await neighbourhood(stack, database)
    ask = await withdrawn(here, await sponsored(here))
    path = f"{APPEALS}/{ask['ask_id']}"
    taken_back = ""
    for company in ("sponsor", "baker", "carpenter"):
        caller = here.asking(company, "rent_sponsorship")

        async def is_seen(caller: Caller = caller) -> bool:
            return (await caller.get(path)).is_success

        await assert_eventually(is_seen)
        taken_back = (await caller.done(f"{path}/offers"))["offer_id"]
        await caller.done(f"{path}/offers/{taken_back}/taking-back")
        await caller.done(f"{path}/declining", {"reason_code": "no_funds"})

    tending = here.asking("nonprofit", "homes")

    async def is_asked_of_governments() -> None:
        asked = [one["asked"] for one in await here.asks()]
        assert asked == [["company", "government"]], "all companies have declined"
        seen = await here.seen("city", "government_sponsorship", "/v1/grant-requests")
        told = [(one["ask_id"], one["escalated_on"], one["months"]) for one in seen]
        assert told == [(ask["ask_id"], None, HOLE)]

    await assert_eventually(is_asked_of_governments)
    acceptance = f"/v1/asks/{ask['ask_id']}/offers/{taken_back}/acceptance"
    assert await tending.refused(acceptance) == "offer-gone"

    await here.it_is("2011-12-31")
    assert [one["escalated_on"] for one in await here.asks()] == [None]
    await here.it_is("2012-01-01")
    assert [one["escalated_on"] for one in await here.asks()] == ["2012-01-01"]

    async def is_told() -> None:
        seen = await here.seen("city", "government_sponsorship", "/v1/grant-requests")
        assert [one["escalated_on"] for one in seen] == ["2012-01-01"], "sixty days before March"

    await assert_eventually(is_told)
    city = here.asking("city", "government_sponsorship")
    request = f"/v1/grant-requests/{ask['ask_id']}/offers"
    offered = (await city.done(request, {"notice_months": 0}))["offer_id"]

    async def is_accepted() -> bool:
        return bool(await tending.done(f"/v1/asks/{ask['ask_id']}/offers/{offered}/acceptance"))

    await assert_eventually(is_accepted)

    async def is_closed() -> None:
        assert await here.asks() == []
        grant = await city.read(f"/v1/grants/{offered}")
        assert [month["promised"] for month in grant["months"]] == [NEED, NEED]

    await assert_eventually(is_closed)
