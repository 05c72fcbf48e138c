"""An opening is begun with what it requires and until when; it is reached, or says why not."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from services.homes.domain import covering
from services.homes.domain.asking import stated
from services.homes.domain.asks import RESERVED, AskFact, Asks, evolve
from services.homes.domain.home import Home, HomeUnknown
from services.homes.domain.needs import Cell
from services.homes.domain.opening import (
    OPENING,
    BeginOpening,
    DeadlineOutOfReach,
    HomeHasClosed,
    HomeIsOpen,
    NeedUnstated,
    OpeningFact,
    OpeningHasFailed,
    OpeningUnderWay,
    SeeToOpening,
    totals,
)
from services.homes.repository import read_rules
from shared.contracts.homes import (
    AskClosed,
    AskOpened,
    HomeClosed,
    HomeOpened,
    OfferAccepted,
    OpeningBegun,
    OpeningFailed,
)
from shared.contracts.resources import CAREGIVING, CHILDREN_NEEDS, RENT, VOLUNTEERING
from tests.homes.registered import HOME_ID, OPERATOR, home
from tests.homes.registered import OPENING as OPENS_ON
from tests.support.specification import Given

RULES = read_rules()
JUNE_1, DEADLINE = date(2011, 6, 1), date(2011, 6, 30)
AUGUST, OCTOBER, NOVEMBER = "2011-08", "2011-10", "2011-11"
FIRST = {
    (resource, month): 100
    for resource in (CHILDREN_NEEDS, CAREGIVING, RENT)
    for month in (AUGUST, "2011-09", OCTOBER)
}
REQUIRED = {**FIRST, (RENT, NOVEMBER): 100}
RENT_MISSING: Mapping[Cell, int] = {(RENT, AUGUST): 40}


def begin(
    *, of: Home | None = None, required: Mapping[Cell, int] = REQUIRED, **terms: date
) -> BeginOpening:
    days = {"deadline": DEADLINE, "today": JUNE_1, **terms}
    return BeginOpening(
        home_id=HOME_ID,
        home=home() if of is None else of,
        required=required,
        begun_by=OPERATOR,
        rules=RULES,
        **days,
    )


def begun() -> OpeningBegun:
    return OpeningBegun(
        home_id=HOME_ID,
        first_month=AUGUST,
        through_month=OCTOBER,
        required=totals(FIRST),
        deadline=DEADLINE,
        begun_by=OPERATOR,
        begun_on=JUNE_1,
    )


def see(
    missing: Mapping[Cell, int],
    today: date = JUNE_1,
    *,
    unanswered: Mapping[Cell, int] | None = None,
    refused: frozenset[str] = frozenset(),
) -> SeeToOpening:
    return SeeToOpening(
        missing=missing,
        unanswered=missing if unanswered is None else unanswered,
        refused=refused,
        today=today,
    )


def failed(reason_code: Any, failed_on: date, missing: Mapping[Cell, int]) -> OpeningFailed:  # noqa: ANN401  one of the contract's
    return OpeningFailed(
        home_id=HOME_ID,
        reason_code=reason_code,
        missing=totals(missing),
        failed_on=failed_on,
    )


OPENED = HomeOpened(home_id=HOME_ID, opened_on=JUNE_1)
FAILED = failed("deadline", DEADLINE + timedelta(days=1), RENT_MISSING)


def given(*events: OpeningFact) -> Given[Any, Any, OpeningFact]:
    return Given(OPENING, events)


# --- Begun


def test_an_opening_names_what_the_first_three_months_require_and_until_when() -> None:
    given().when(begin()).then(begun())


def test_a_home_that_nobody_has_registered_does_not_open() -> None:
    given().when(begin(of=Home())).then_refused(HomeUnknown)


def test_an_opening_is_begun_once() -> None:
    given(begun()).when(begin()).then_refused(OpeningUnderWay)
    given(begun(), OPENED).when(begin()).then_refused(HomeIsOpen)
    given(begun(), FAILED).when(begin()).then_refused(OpeningHasFailed)


def test_a_home_whose_day_has_come_or_whose_last_day_is_set_does_not_begin_to_open() -> None:
    given().when(begin(today=OPENS_ON, deadline=OPENS_ON)).then_refused(HomeIsOpen)
    closed = home(HomeClosed(home_id=HOME_ID, closed_on=OPENS_ON))
    given().when(begin(of=closed)).then_refused(HomeHasClosed)


def test_partners_have_from_today_until_before_the_home_opens() -> None:
    for deadline in (JUNE_1 - timedelta(days=1), OPENS_ON):
        given().when(begin(deadline=deadline)).then_refused(DeadlineOutOfReach)
    for deadline in (JUNE_1, OPENS_ON - timedelta(days=1)):
        expected = begun().model_copy(update={"deadline": deadline})
        given().when(begin(deadline=deadline)).then(expected)


@pytest.mark.parametrize("resource", [CHILDREN_NEEDS, CAREGIVING, RENT])
def test_no_home_opens_without_what_the_rule_names(resource: str) -> None:
    without = {cell: quantity for cell, quantity in REQUIRED.items() if cell[0] != resource}
    given().when(begin(required=without)).then_refused(NeedUnstated)


# --- Reached, or failed


def test_a_home_opens_once_nothing_is_missing() -> None:
    given(begun()).when(see({})).then(OPENED)


def test_what_is_missing_may_be_answered_through_the_last_day() -> None:
    given(begun()).when(see(RENT_MISSING, DEADLINE)).then()
    given(begun()).when(see(RENT_MISSING, DEADLINE + timedelta(days=1))).then(FAILED)


def test_a_refusal_by_all_who_may_cover_ends_an_opening_at_once() -> None:
    refused = see(RENT_MISSING, refused=frozenset({RENT}))
    given(begun()).when(refused).then(failed("refused", JUNE_1, RENT_MISSING))
    elsewhere = see(RENT_MISSING, refused=frozenset({VOLUNTEERING}))
    given(begun()).when(elsewhere).then()


def test_what_is_accepted_and_on_its_way_is_waited_for_a_day_after_the_last() -> None:
    day_after = DEADLINE + RESERVED
    on_its_way = see(RENT_MISSING, day_after, unanswered={}, refused=frozenset({RENT}))
    given(begun()).when(on_its_way).then()
    later = see(RENT_MISSING, day_after + timedelta(days=1), unanswered={})
    expected = failed("deadline", day_after + timedelta(days=1), RENT_MISSING)
    given(begun()).when(later).then(expected)


def test_what_has_ended_or_never_begun_is_not_seen_to() -> None:
    histories: Sequence[Sequence[OpeningFact]] = ([], [begun(), OPENED], [begun(), FAILED])
    for events in histories:
        given(*events).when(see({})).then()
        given(*events).when(see(RENT_MISSING, OPENS_ON)).then()


# --- What is missing, answered, refused


def asks_of(*events: AskFact) -> Asks:
    asks = Asks()
    for event in events:
        asks = evolve(asks, event)
    return asks


NAMES: Mapping[str, Any] = {"home_id": HOME_ID, "ask_id": "a", "resource": RENT}
ASKED = AskOpened(
    **NAMES,
    gap=1,
    prefecture_code="14",
    months=stated({AUGUST: 100}),
    asked=("company",),
    opened_on=JUNE_1,
)
ACCEPTED = OfferAccepted(
    **NAMES,
    offer_id="o",
    organisation_id="c",
    sector="company",
    months=stated({AUGUST: 60}),
    accepted_by=OPERATOR,
    accepted_on=JUNE_1,
)
CLOSED = AskClosed(**NAMES, closed_on=JUNE_1)


def test_only_what_partners_have_told_covers_the_first_months() -> None:
    assert covering.missing(begun(), REQUIRED, {}) == FIRST
    provided = {**dict.fromkeys(FIRST, 100), (RENT, AUGUST): 60, (RENT, NOVEMBER): 0}
    assert covering.missing(begun(), REQUIRED, provided) == RENT_MISSING
    assert covering.missing(begun(), REQUIRED, dict.fromkeys(FIRST, 200)) == {}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], {(RENT, AUGUST): 100}),
        ([ASKED], {(RENT, AUGUST): 100}),
        ([ASKED, ACCEPTED], {(RENT, AUGUST): 40}),
        ([ASKED, CLOSED], {}),
    ],
    ids=["the ledger has told nothing yet", "asked for", "accepted in part", "in the books"],
)
def test_what_is_accepted_or_in_the_books_is_answered(
    events: Sequence[AskFact], expected: Mapping[Cell, int]
) -> None:
    assert covering.unanswered({(RENT, AUGUST): 100}, asks_of(*events), JUNE_1) == expected


def test_an_ask_is_refused_once_all_who_may_ever_cover_it_have_declined() -> None:
    organisations: Mapping[Any, frozenset[str]] = {
        "company": frozenset({"c"}),
        "government": frozenset({"g"}),
        "nonprofit": frozenset({"n"}),
    }

    def refused(*who: str, asks: Asks | None = None) -> frozenset[str]:
        declined = {"a": frozenset(who)}
        known = asks_of(ASKED) if asks is None else asks
        return covering.refused(known, organisations, declined, RULES, JUNE_1)

    assert refused() == refused("c") == frozenset()
    assert refused("c", "g") == {RENT}
    assert refused("c", "g", asks=asks_of(ASKED, CLOSED)) == frozenset()
    nobody = covering.refused(asks_of(ASKED), {}, {}, RULES, JUNE_1)
    assert nobody == frozenset(), "nobody has refused what nobody was asked"
