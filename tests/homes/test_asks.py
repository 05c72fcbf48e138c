"""Asks: one per gap, amended and closed with it; whom they reach; what is taken of offers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.homes.domain.asking import (
    ASKING,
    AcceptanceBeyondOffer,
    AcceptanceBeyondOpen,
    AcceptanceOfNothing,
    AcceptOffer,
    AskCovered,
    AskUnknown,
    Attend,
    DeclineOffer,
    HearTakenBack,
    Offer,
    OfferAnswered,
    OfferGone,
    OfferUnknown,
    stated,
)
from services.homes.domain.asks import AskFact
from services.homes.repository import read_rules
from shared.contracts.homes import (
    AskAmended,
    AskClosed,
    AskEscalated,
    AskOpened,
    AskWidened,
    OfferAccepted,
    OfferDeclined,
)
from shared.contracts.resources import RENT
from tests.homes.registered import HOME_ID, OPERATOR
from tests.support.specification import Given

RULES = read_rules()
DECEMBER_10 = date(2011, 12, 10)
MARCH, APRIL = "2012-03", "2012-04"
HOLE = {MARCH: 150_000, APRIL: 150_000}
NAMES: Mapping[str, Any] = {"home_id": HOME_ID, "ask_id": "a", "resource": RENT}


def attend(months: Mapping[str, int], today: date = DECEMBER_10, **more: Any) -> Attend:  # noqa: ANN401  as Attend's
    terms: dict[str, Any] = {
        "standing_open": {RENT: months},
        "ask_ids": {RENT: "a"},
        "organisations": {"company": frozenset({"c", "d"}), "government": frozenset({"g"})},
        **more,
    }
    return Attend(home_id=HOME_ID, prefecture_code="14", today=today, rules=RULES, **terms)


def opened(months: Mapping[str, int] = HOLE, gap: int = 1, ask_id: str = "a") -> AskOpened:
    return AskOpened(
        **{**NAMES, "ask_id": ask_id},
        gap=gap,
        prefecture_code="14",
        months=stated(months),
        asked=("company",),
        opened_on=DECEMBER_10,
    )


CLOSED = AskClosed(**NAMES, closed_on=DECEMBER_10)
OFFER = Offer(
    offer_id="o",
    ask_id="a",
    organisation_id="c",
    sector="company",
    months={MARCH: 100_000, APRIL: 100_000},
)


def accept(
    months: Mapping[str, int] | None = None,
    offer: Offer | None = OFFER,
    today: date = DECEMBER_10,
    ask_id: str = "a",
) -> AcceptOffer:
    return AcceptOffer(
        home_id=HOME_ID,
        ask_id=ask_id,
        offer=offer,
        months=months,
        accepted_by=OPERATOR,
        today=today,
    )


def accepted(months: Mapping[str, int], offer: Offer = OFFER) -> OfferAccepted:
    return OfferAccepted(
        **NAMES,
        offer_id=offer.offer_id,
        organisation_id=offer.organisation_id,
        sector="company",
        months=stated(months),
        accepted_by=OPERATOR,
        accepted_on=DECEMBER_10,
    )


def declined(reason_code: Any) -> OfferDeclined:  # noqa: ANN401  one of the contract's
    return OfferDeclined(**NAMES, offer_id="o", organisation_id="c", reason_code=reason_code)


def given(*events: AskFact) -> Given[Any, Any, AskFact]:
    return Given(ASKING, events)


# --- Gaps


def test_months_that_open_together_are_one_ask() -> None:
    given().when(attend(HOLE)).then(opened())


def test_what_was_asked_for_is_not_asked_again() -> None:
    given(opened()).when(attend(HOLE)).then()


def test_a_gap_that_changes_amends_its_ask() -> None:
    less = {MARCH: 50_000, APRIL: 150_000}
    given(opened()).when(attend(less)).then(AskAmended(**NAMES, months=stated(less)))


def test_what_is_covered_by_whomever_closes_the_ask() -> None:
    given(opened()).when(attend({})).then(CLOSED)
    given(opened()).when(attend({MARCH: 0})).then(CLOSED)


def test_the_next_gap_is_another_ask() -> None:
    second = opened(gap=2, ask_id="b")
    given(opened(), CLOSED).when(attend(HOLE, ask_ids={RENT: "b"})).then(second)


def test_nothing_open_asks_for_nothing() -> None:
    given().when(attend({})).then()


# --- Whom it reaches


def test_more_sectors_are_asked_when_the_days_to_answer_are_over() -> None:
    given(opened()).when(attend(HOLE, date(2011, 12, 23))).then()
    widened = AskWidened(
        **NAMES,
        asked=("company", "government"),
        reason_code="days",
        widened_on=date(2011, 12, 24),
    )
    given(opened()).when(attend(HOLE, date(2011, 12, 24))).then(widened)
    given(opened(), widened).when(attend(HOLE, date(2011, 12, 30))).then()


def test_more_sectors_are_asked_when_all_have_declined() -> None:
    given(opened()).when(attend(HOLE, declined={"a": frozenset({"c"})})).then()
    given(opened()).when(attend(HOLE, declined={"a": frozenset({"c", "d"})})).then(
        AskWidened(
            **NAMES,
            asked=("company", "government"),
            reason_code="declined",
            widened_on=DECEMBER_10,
        )
    )


def test_nobody_counts_as_having_declined_where_nobody_has_been_asked() -> None:
    given(opened()).when(attend(HOLE, organisations={})).then()


def test_the_governments_are_told_sixty_days_before_the_first_uncovered_month() -> None:
    day_before, day = date(2011, 12, 31), date(2012, 1, 1)
    asked = opened().model_copy(update={"asked": ("company", "government")})
    given(asked).when(attend(HOLE, day_before)).then()
    escalated = AskEscalated(**NAMES, first_month=MARCH, escalated_on=day)
    given(asked).when(attend(HOLE, day)).then(escalated)
    given(asked, escalated).when(attend(HOLE, day)).then()


def test_what_opens_late_is_told_to_the_governments_at_once() -> None:
    soon = {"2012-01": 10}
    given().when(attend(soon)).then(
        opened(soon), AskEscalated(**NAMES, first_month="2012-01", escalated_on=DECEMBER_10)
    )


def test_what_no_rule_lets_anybody_cover_is_escalated_all_the_same() -> None:
    names = {**NAMES, "resource": "rice"}
    unheard_of = attend({}, standing_open={"rice": {"2012-01": 3}}, ask_ids={"rice": "a"})
    given().when(unheard_of).then(
        opened({"2012-01": 3}).model_copy(update={"resource": "rice", "asked": ()}),
        AskEscalated(**names, first_month="2012-01", escalated_on=DECEMBER_10),
    )


# --- Offers


def test_an_offer_is_accepted_whole_or_in_part() -> None:
    given(opened()).when(accept()).then(accepted(OFFER.months))
    given(opened()).when(accept({MARCH: 60_000})).then(accepted({MARCH: 60_000}))


def test_competing_offers_are_accepted_in_parts_up_to_what_stands_open() -> None:
    second = replace(OFFER, offer_id="p", organisation_id="d")
    events: list[AskFact] = [opened(), accepted(OFFER.months)]
    given(*events).when(accept(offer=second)).then_refused(AcceptanceBeyondOpen)
    rest = {MARCH: 50_000, APRIL: 50_000}
    given(*events).when(accept(rest, second)).then(accepted(rest, second))


@pytest.mark.parametrize(
    "news",
    [
        [],
        [AskAmended(**NAMES, months=stated({MARCH: 50_000, APRIL: 50_000}))],
        [AskAmended(**NAMES, months=stated({MARCH: 50_000, APRIL: 150_000}))],
    ],
    ids=["not yet", "all of it", "one month of it"],
)
def test_what_was_accepted_is_counted_once_whether_the_books_show_it_yet_or_not(
    news: Sequence[AskFact],
) -> None:
    second = replace(OFFER, offer_id="p", organisation_id="d")
    asks = ASKING.fold([opened(), accepted(OFFER.months), *news])
    ask = asks.all["a"]
    assert [ask.acceptable(month, DECEMBER_10) for month in HOLE] == [50_000, 50_000]
    too_much = accept({APRIL: 50_001}, second)
    given(opened(), accepted(OFFER.months), *news).when(too_much).then_refused(
        AcceptanceBeyondOpen
    )


def test_an_acceptance_that_never_shows_holds_its_units_for_a_day_alone() -> None:
    asks = ASKING.fold([opened(), accepted(OFFER.months)])
    assert [asks.all["a"].acceptable(MARCH, date(2011, 12, day)) for day in (11, 12)] == [
        50_000,
        150_000,
    ]


def test_no_more_is_accepted_than_was_offered() -> None:
    for months in ({MARCH: 100_001}, {"2012-05": 1}):
        given(opened()).when(accept(months)).then_refused(AcceptanceBeyondOffer)


def test_an_acceptance_names_units() -> None:
    for nothing in ({}, {MARCH: 0}):
        given(opened()).when(accept(nothing)).then_refused(AcceptanceOfNothing)


def test_an_offer_is_answered_once() -> None:
    for answered in (accepted({MARCH: 1}), declined("terms")):
        given(opened(), answered).when(accept()).then_refused(OfferAnswered)


def test_what_is_unknown_covered_or_taken_back_is_not_accepted() -> None:
    given().when(accept()).then_refused(AskUnknown)
    given(opened()).when(accept(offer=None)).then_refused(OfferUnknown)
    elsewhere = replace(OFFER, ask_id="b")
    given(opened()).when(accept(offer=elsewhere)).then_refused(OfferUnknown)
    gone = replace(OFFER, taken_back=True)
    given(opened()).when(accept(offer=gone)).then_refused(OfferGone)
    given(opened(), CLOSED).when(accept()).then_refused(AskCovered)


def test_an_offer_is_declined_with_a_reason() -> None:
    decline = DeclineOffer(home_id=HOME_ID, ask_id="a", offer=OFFER, reason_code="terms")
    given(opened()).when(decline).then(declined("terms"))


def test_an_accepted_offer_that_had_been_taken_back_frees_its_units() -> None:
    gone = replace(OFFER, taken_back=True)
    heard = HearTakenBack(home_id=HOME_ID, ask_id="a", offer=gone)
    events: list[AskFact] = [opened(), accepted(OFFER.months)]
    given(*events).when(heard).then(declined("taken_back"))
    freed = ASKING.fold([*events, declined("taken_back")]).all["a"]
    assert freed.acceptable(MARCH, DECEMBER_10) == 150_000
    given().when(heard).then()
    given(opened()).when(heard).then()
    given(opened(), declined("terms")).when(heard).then()
