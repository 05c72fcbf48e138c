"""A home opens once its first months are covered; or it does not, and nothing stays promised."""

from tests.support.eventually import assert_eventually
from tests.support.openings import (
    ANSWERERS,
    BAKER,
    BEGUN,
    CITY,
    DEADLINE,
    FIRST_MONTHS,
    RENT_YEN,
    STAFF,
    TOO_LATE,
    opening,
)
from tests.support.stack import MakeDatabase, Stack


async def test_a_home_opens_when_all_sectors_have_promised_its_first_months(
    stack: Stack, database: MakeDatabase
) -> None:
    home = await opening(stack, database)
    assert (await home.shown())["status"] == "not_begun"
    await home.begins()
    assert await home.tending.refused(home.path, {"deadline": DEADLINE}) == "opening-under-way"

    shown = await home.shown()
    assert (shown["status"], shown["begun_on"], shown["deadline"]) == (
        "under_way",
        BEGUN,
        DEADLINE,
    )
    assert {one["month"] for one in shown["missing"]} == set(FIRST_MONTHS)
    assert {one["resource"] for one in shown["missing"]} == {one.resource for one in ANSWERERS}
    assert {one["resource"] for one in shown["asks"]} == {one.resource for one in ANSWERERS}

    await home.covers(CITY)
    await home.covers(STAFF)

    async def only_the_rent_is_missing() -> None:
        shown = await home.shown()
        assert shown["status"] == "under_way"
        assert {one["resource"] for one in shown["missing"]} == {"rent"}
        answered = {one["resource"]: [o["status"] for o in one["offers"]] for one in shown["asks"]}
        assert answered == {"children_needs": ["kept"], "caregiving": ["kept"], "rent": []}

    await assert_eventually(only_the_rent_is_missing)
    await home.covers(BAKER)

    async def is_open() -> None:
        for name in ("nonprofit", "city", "baker"):
            shown = await home.shown(name)
            assert (shown["status"], shown["missing"]) == ("open", [])
            assert (shown["ended_on"], shown["reason_code"]) == (BEGUN, None)

    await assert_eventually(is_open)
    assert await home.tending.refused(home.path, {"deadline": DEADLINE}) == "home-is-open"
    await home.here.it_is(TOO_LATE)
    assert (await home.shown())["status"] == "open", "the deadline is of no more concern"
    assert {(one["open"], one["promised"] > 0) for one in await home.books()} == {(0, True)}


async def test_silence_at_the_deadline_releases_what_others_have_promised(
    stack: Stack, database: MakeDatabase
) -> None:
    home = await opening(stack, database)
    await home.begins()
    grant = await home.covers(CITY)
    plan = await home.covers(STAFF)
    late_ask, late_offer = await home.offered(BAKER)
    await home.here.it_is(DEADLINE)
    assert (await home.shown())["status"] == "under_way", "there is all of the last day to answer"
    await home.here.it_is(TOO_LATE)

    # Everyone is told why, and nobody holds anything of it any more.
    shown = await home.shown("city")
    assert (shown["status"], shown["reason_code"]) == ("failed", "deadline")
    assert [(one["resource"], one["quantity"]) for one in shown["missing"]] == [
        ("rent", RENT_YEN)
    ] * 3
    closed = {ask["resource"]: ask["closed_on"] for ask in shown["asks"]}
    assert closed == {"children_needs": BEGUN, "caregiving": BEGUN, "rent": TOO_LATE}
    assert await home.here.asks() == []
    await home.nothing_stands((CITY, grant), (STAFF, plan))

    # Whoever answers late is refused by name, and leaves nothing.
    city = home.here.asking("city", "government_sponsorship")
    baker = home.here.asking("baker", "rent_sponsorship")
    acceptance = f"/v1/asks/{late_ask}/offers/{late_offer}/acceptance"
    assert await home.tending.refused(acceptance) == "opening-has-failed"
    offers = f"/v1/rent-appeals/{late_ask}/offers"

    async def is_refused() -> None:
        assert await baker.refused(offers) == "opening-has-failed"

    await assert_eventually(is_refused)
    promise = {"from_month": "2011-08", "through_month": "2011-08", "amount_yen": 1}
    assert await city.refused(f"/v1/grants/{grant}/promises", promise) == "commitment-withdrawn"
    again = {"home_id": home.here.home_id}
    assert await city.refused("/v1/grants", again) == "opening-has-failed"
    await home.nothing_stands((CITY, grant), (STAFF, plan))

    # Nor is it tried again: whoever has not heard yet could promise for the wrong one.
    once_more = {"deadline": "2011-07-31"}
    assert await home.tending.refused(home.path, once_more) == "opening-has-failed"


async def test_a_refusal_by_all_who_may_cover_ends_it_before_the_deadline(
    stack: Stack, database: MakeDatabase
) -> None:
    home = await opening(stack, database)
    await home.begins()
    grant = await home.covers(CITY)
    plan = await home.covers(STAFF)
    ask_id = await home.ask_of(BAKER)
    declining = f"/v1/rent-appeals/{ask_id}/declining"
    baker = home.here.asking("baker", "rent_sponsorship")
    await baker.done(declining, {"reason_code": "no_funds"})
    city = home.here.asking("city", "government_sponsorship")
    declining = f"/v1/grant-requests/{ask_id}/declining"

    async def is_asked_and_declines() -> None:
        await city.done(declining, {"reason_code": "not_ours"})

    # No other company is there, so the government is asked for the rent, and declines it as well.
    await assert_eventually(is_asked_and_declines)

    async def has_failed() -> None:
        shown = await home.shown()
        assert (shown["status"], shown["reason_code"]) == ("failed", "refused")
        assert shown["ended_on"] == BEGUN
        (refused,) = (one for one in shown["asks"] if one["resource"] == "rent")
        told = {one["organisation_id"]: one["reason_code"] for one in refused["declines"]}
        assert sorted(told.values()) == ["no_funds", "not_ours"]

    await assert_eventually(has_failed)
    await home.nothing_stands((CITY, grant), (STAFF, plan))
