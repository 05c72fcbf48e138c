"""What a home decides about itself, and which rule refuses what."""

from datetime import date
from itertools import pairwise

import pytest
from pydantic import ValidationError

from services.homes.domain.business_date import (
    CALENDAR,
    AdvanceDate,
    DateGoesBack,
    DateIsLived,
)
from services.homes.domain.home import (
    HOME,
    AfterClosing,
    BandCountedTwice,
    BeforeOpening,
    CapacityOutsideRule,
    ChangeCapacity,
    ChildrenBeyondCapacity,
    CloseHome,
    Command,
    CountChildren,
    Home,
    HomeFact,
    HomeKnown,
    HomeUnknown,
    HorizonOutOfReach,
    NeedComputed,
    RegisterHome,
    ResourceUnknown,
    StateMonthlyNeed,
)
from services.homes.domain.rules import CAPACITY, DECIDED_BY, Rules
from services.homes.repository import read_rules
from shared.contracts.homes import (
    BusinessDateAdvanced,
    CapacityChanged,
    HomeClosed,
    HomeRegistered,
)
from shared.contracts.resources import CHILDREN_NEEDS, RENT
from shared.rules import NoRuleInForce, Rule
from tests.homes.registered import HOME_ID, OPENING, OPERATOR, bands, counted, registered, stated
from tests.support.specification import Given

RULES = read_rules()
SEPTEMBER = date(2011, 9, 1)
LAST_DAY = date(2011, 9, 10)
CLOSED = HomeClosed(home_id=HOME_ID, closed_on=LAST_DAY)


def given(*events: HomeFact) -> Given[Command, Home, HomeFact]:
    return Given(HOME, (registered(), *events))


def given_nothing() -> Given[Command, Home, HomeFact]:
    return Given(HOME, ())


def register(
    *, capacity: int = 6, opens_on: date = OPENING, needs_through: str | None = "2011-12"
) -> RegisterHome:
    return RegisterHome(
        home_id=HOME_ID,
        prefecture_code="14",
        home_operator_kind="nonprofit",
        home_operator_id=OPERATOR,
        capacity=capacity,
        opens_on=opens_on,
        needs_through=needs_through,
        rules=RULES,
    )


def places(capacity: int, from_day: date = SEPTEMBER) -> ChangeCapacity:
    return ChangeCapacity(capacity=capacity, from_day=from_day, rules=RULES)


def children(from_day: date = OPENING, **counts: int) -> CountChildren:
    return CountChildren(from_day=from_day, counts=bands(**counts))


# --- Registering


def test_a_home_is_registered_with_the_places_that_the_rule_allows() -> None:
    given_nothing().when(register()).then(registered())


def test_registering_a_home_again_says_nothing_new() -> None:
    given().when(register()).then()


def test_another_home_does_not_take_an_id_that_is_taken() -> None:
    given().when(register(capacity=5)).then_refused(HomeKnown)


@pytest.mark.parametrize("capacity", [4, 7])
def test_a_home_outside_the_capacity_rule_is_refused_by_its_key(capacity: int) -> None:
    with pytest.raises(CapacityOutsideRule, match=CAPACITY.name):
        HOME.decide(register(capacity=capacity), Home())


def test_no_home_opens_before_the_law_knew_them() -> None:
    with pytest.raises(NoRuleInForce, match=CAPACITY.name):
        HOME.decide(register(opens_on=date(2009, 3, 31), needs_through=None), Home())


@pytest.mark.parametrize("needs_through", ["2011-07", "2041-08"])
def test_needs_are_stated_for_at_most_thirty_years_from_the_opening(needs_through: str) -> None:
    given_nothing().when(register(needs_through=needs_through)).then_refused(HorizonOutOfReach)


@pytest.mark.parametrize("needs_through", ["2011-08", "2041-07"])
def test_the_first_and_the_last_of_those_months_will_do(needs_through: str) -> None:
    given_nothing().when(register(needs_through=needs_through)).then(
        registered(needs_through=needs_through)
    )


def test_a_home_may_leave_its_horizon_to_the_date() -> None:
    given_nothing().when(register(needs_through=None)).then(registered(needs_through=None))


# --- Places


def test_the_capacity_changes_from_a_day_on() -> None:
    changed = CapacityChanged(home_id=HOME_ID, capacity=5, from_day=SEPTEMBER)
    given().when(places(5)).then(changed)
    given(changed).when(places(5)).then()


def test_the_capacity_rule_is_the_one_of_the_day() -> None:
    becomes_four = Rules(
        [
            rule([5, 6], valid_from=date(2009, 4, 1), valid_to=date(2011, 8, 31)),
            rule([4], valid_from=SEPTEMBER),
        ]
    )
    four = ChangeCapacity(capacity=4, from_day=SEPTEMBER, rules=becomes_four)
    changed = CapacityChanged(home_id=HOME_ID, capacity=4, from_day=SEPTEMBER)
    given().when(four).then(changed)
    day_before = ChangeCapacity(capacity=4, from_day=date(2011, 8, 31), rules=becomes_four)
    given().when(day_before).then_refused(CapacityOutsideRule)


def test_places_are_not_taken_from_children_who_live_there() -> None:
    given(counted(OPENING, school_age=6)).when(places(5)).then_refused(ChildrenBeyondCapacity)


def test_places_may_be_taken_once_the_children_have_moved_out() -> None:
    moved_out = counted(SEPTEMBER, school_age=5)
    changed = CapacityChanged(home_id=HOME_ID, capacity=5, from_day=SEPTEMBER)
    given(counted(OPENING, school_age=6), moved_out).when(places(5)).then(changed)


# --- Children


def test_children_are_counted_by_age_band_from_a_day_on() -> None:
    told = counted(OPENING, under_3=1, school_age=4)
    given().when(children(under_3=1, school_age=4)).then(told)
    given(told).when(children(under_3=1, school_age=4)).then()


def test_a_count_told_again_for_a_day_replaces_the_first() -> None:
    corrected = counted(OPENING, school_age=5)
    given(counted(OPENING, school_age=4)).when(children(school_age=5)).then(corrected)
    assert HOME.fold([registered(), counted(OPENING, under_3=4), corrected]).counts_on(
        SEPTEMBER
    ) == {"school_age": 5}


def test_not_more_children_live_there_than_the_home_has_places_for() -> None:
    given().when(children(under_3=3, school_age=4)).then_refused(ChildrenBeyondCapacity)


def test_an_earlier_count_is_refused_where_it_lasts_into_days_with_fewer_places() -> None:
    fewer = CapacityChanged(home_id=HOME_ID, capacity=5, from_day=SEPTEMBER)
    given(fewer).when(children(school_age=6)).then_refused(ChildrenBeyondCapacity)
    given(fewer, counted(SEPTEMBER, school_age=5)).when(children(school_age=6)).then(
        counted(OPENING, school_age=6)
    )


def test_an_age_band_is_counted_once() -> None:
    twice = CountChildren(from_day=OPENING, counts=(*bands(under_3=1), *bands(under_3=2)))
    given().when(twice).then_refused(BandCountedTwice)


def test_nobody_lives_in_a_home_before_it_opens() -> None:
    given().when(children(date(2011, 7, 31), school_age=1)).then_refused(BeforeOpening)


# --- Monthly needs


def test_a_monthly_need_is_stated_from_a_month_on() -> None:
    need = StateMonthlyNeed(resource=RENT, from_month="2011-08", quantity=150_000)
    told = stated(RENT, "2011-08", 150_000)
    given().when(need).then(told)
    given(told).when(need).then()


def test_the_childrens_needs_are_computed_and_not_stated() -> None:
    need = StateMonthlyNeed(resource=CHILDREN_NEEDS, from_month="2011-08", quantity=1)
    given().when(need).then_refused(NeedComputed)


def test_a_home_needs_what_the_catalogue_names() -> None:
    need = StateMonthlyNeed(resource="gold", from_month="2011-08", quantity=1)
    given().when(need).then_refused(ResourceUnknown)


# --- Closing


def test_a_home_closes_and_may_correct_its_last_day() -> None:
    closing = CloseHome(closed_on=LAST_DAY)
    given().when(closing).then(CLOSED)
    given(CLOSED).when(closing).then()
    given(HomeClosed(home_id=HOME_ID, closed_on=SEPTEMBER)).when(closing).then(CLOSED)


def test_a_home_does_not_close_before_it_has_opened() -> None:
    given().when(CloseHome(closed_on=date(2011, 7, 31))).then_refused(BeforeOpening)


def test_nothing_is_said_of_days_after_the_closing() -> None:
    day_after = date(2011, 9, 11)
    given(CLOSED).when(children(day_after, school_age=1)).then_refused(AfterClosing)
    given(CLOSED).when(places(5, day_after)).then_refused(AfterClosing)
    october = StateMonthlyNeed(resource=RENT, from_month="2011-10", quantity=1)
    given(CLOSED).when(october).then_refused(AfterClosing)


def test_days_before_the_closing_can_still_be_corrected() -> None:
    given(CLOSED).when(children(LAST_DAY, school_age=1)).then(counted(LAST_DAY, school_age=1))
    september = StateMonthlyNeed(resource=RENT, from_month="2011-09", quantity=1)
    given(CLOSED).when(september).then(stated(RENT, "2011-09", 1))


@pytest.mark.parametrize(
    "command",
    [
        places(5),
        children(school_age=1),
        StateMonthlyNeed(resource=RENT, from_month="2011-08", quantity=1),
        CloseHome(closed_on=LAST_DAY),
    ],
)
def test_nothing_is_said_of_a_home_that_nobody_has_registered(command: Command) -> None:
    given_nothing().when(command).then_refused(HomeUnknown)


def test_a_home_knows_who_runs_it_once_it_is_registered() -> None:
    assert Home().home_operator_id is None
    assert HOME.fold([registered()]).home_operator_id == OPERATOR


def test_an_event_tells_nobodys_name() -> None:
    fields = set(HomeRegistered.model_fields) - {"movements"}
    assert fields == {
        "home_id",
        "prefecture_code",
        "home_operator_kind",
        "home_operator_id",
        "capacity",
        "opens_on",
        "needs_through",
    }


# --- Rules


def rule(
    value: object,
    *,
    key: str = CAPACITY.name,
    valid_from: date = date(2009, 4, 1),
    valid_to: date | None = None,
) -> Rule:
    return Rule(
        key=key,
        value=value,
        unit="children",
        valid_from=valid_from,
        valid_to=valid_to,
        source="a test",
        confidence="unconfirmed",
    )


def test_a_rule_holds_from_its_first_to_its_last_day() -> None:
    rules = Rules([rule([5, 6], valid_to=date(2026, 3, 31))])
    assert rules.on(CAPACITY, date(2009, 4, 1)) == (5, 6)
    assert rules.on(CAPACITY, date(2026, 3, 31)) == (5, 6)
    with pytest.raises(NoRuleInForce):
        rules.on(CAPACITY, date(2026, 4, 1))


def test_a_value_that_nobody_knows_how_to_apply_is_not_read_in() -> None:
    with pytest.raises(ValidationError):
        Rules([rule("by_the_moon", key="NEEDS.PRORATION")])


def test_of_each_committed_rule_one_holds_on_a_day() -> None:
    for key in {rule.key for rule in RULES.all}:
        rules = sorted((r for r in RULES.all if r.key == key), key=lambda r: r.valid_from)
        for before, after in pairwise(rules):
            assert before.valid_to is not None, key
            assert before.valid_to < after.valid_from, key


def test_every_committed_rule_says_where_it_comes_from() -> None:
    assert all(rule.source for rule in RULES.all)
    assert {key.name for key in DECIDED_BY} <= {rule.key for rule in RULES.all}
    unconfirmed = {rule.key for rule in RULES.all if rule.confidence == "unconfirmed"}
    assert unconfirmed == {"NEEDS.PRORATION", "NEEDS.ROUNDING"}


# --- The date


def given_day(*days: date) -> Given[AdvanceDate, date | None, BusinessDateAdvanced]:
    return Given(CALENDAR, [BusinessDateAdvanced(business_date=day) for day in days])


def play(day: date, *, simulated: bool = True) -> AdvanceDate:
    return AdvanceDate(business_date=day, simulated=simulated)


def test_the_date_is_played_forward() -> None:
    given_day().when(play(OPENING)).then(BusinessDateAdvanced(business_date=OPENING))
    given_day(OPENING).when(play(SEPTEMBER)).then(BusinessDateAdvanced(business_date=SEPTEMBER))
    given_day(SEPTEMBER).when(play(SEPTEMBER)).then()


def test_a_day_that_has_passed_does_not_come_again() -> None:
    given_day(SEPTEMBER).when(play(OPENING)).then_refused(DateGoesBack)


def test_a_date_that_is_lived_is_not_played() -> None:
    given_day().when(play(OPENING, simulated=False)).then_refused(DateIsLived)
