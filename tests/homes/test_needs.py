"""What a home needs, month by month, against figures worked out by hand."""

from collections.abc import Mapping
from datetime import date, timedelta

from hypothesis import given as for_all
from hypothesis import strategies as st

from services.homes.domain.home import HOME, Home, HomeFact
from services.homes.domain.needs import (
    NEED,
    Cell,
    Need,
    Prices,
    RestateNeeds,
    announced,
    children_needs,
    required,
)
from services.homes.domain.rules import Rules
from services.homes.repository import read_rules
from shared.calendar import add_months, days_in, first_day, months_through
from shared.contracts.event import Event, Movement
from shared.contracts.government_sponsorship import AgeBand, UnitPrice, UnitPricesAnnounced
from shared.contracts.homes import HomeClosed, HomeRegistered, NeedRestated, RequiredTotal
from shared.contracts.resources import CHILDREN_NEEDS, RENT
from shared.rules import Rule
from tests.homes.registered import HOME_ID, OPENING, counted, home, price, registered, stated
from tests.support.cells import cells
from tests.support.specification import Given

RULES = read_rules()
TODAY = date(2011, 8, 1)


def yen(home: Home, prices: Prices, month: str) -> int:
    return children_needs(home, prices, RULES, month)


def closed(closed_on: date) -> HomeClosed:
    return HomeClosed(home_id=HOME_ID, closed_on=closed_on)


def prices_announced(from_day: date, **prices: int) -> UnitPricesAnnounced:
    return UnitPricesAnnounced(
        programme_id="placement-costs",
        announcement_id="notice",
        organisation_id="prefecture",
        announced_on=date(2011, 10, 14),
        from_day=from_day,
        prices=tuple(
            UnitPrice.model_validate({"age_band": band, "yen_per_child_month": yen})
            for band, yen in prices.items()
        ),
    )


# --- Days


def test_a_whole_month_needs_the_unit_price_of_each_child() -> None:
    prices = {**price(51_000), **price(58_830, band="under_3")}
    there = home(counted(OPENING, school_age=4, under_3=1))
    assert yen(there, prices, "2011-08") == 4 * 51_000 + 58_830


def test_a_sixth_child_who_comes_on_the_twentieth_needs_twelve_days_of_august() -> None:
    there = home(counted(OPENING, school_age=5), counted(date(2011, 8, 20), school_age=6))
    assert yen(there, price(62_000), "2011-08") == 5 * 62_000 + 24_000
    assert yen(there, price(62_000), "2011-09") == 6 * 62_000


def test_each_childs_days_are_rounded_down_by_themselves() -> None:
    there = home(counted(date(2011, 8, 20), school_age=2))
    # 50,000 × 12 ÷ 31 = 19,354.8 for each; together it would be 38,709.6.
    assert yen(there, price(50_000), "2011-08") == 19_354 + 19_354


def test_another_rounding_rule_gives_another_yen() -> None:
    up = {"key": "NEEDS.ROUNDING", "value": "up"}
    rules = Rules([Rule.model_validate({**rule.model_dump(), **up}) for rule in RULES.all])
    there = home(counted(date(2011, 8, 20), school_age=2))
    assert children_needs(there, price(50_000), rules, "2011-08") == 19_355 + 19_355
    assert children_needs(there, price(62_000), rules, "2011-08") == 24_000 + 24_000


def test_a_child_who_leaves_and_one_who_comes_are_each_counted_for_their_days() -> None:
    there = home(
        counted(OPENING, school_age=2),
        counted(date(2011, 8, 11), school_age=1),
        counted(date(2011, 8, 22), school_age=2),
    )
    # One all month, one on 1-10 and 22-31: 20 of 31 days.
    assert yen(there, price(62_000), "2011-08") == 62_000 + 40_000


def test_a_child_who_turns_three_changes_its_band_on_that_day() -> None:
    there = home(counted(OPENING, under_3=1), counted(date(2011, 8, 11), preschool=1))
    prices = {**price(62_000, band="preschool"), **price(93_000, band="under_3")}
    assert yen(there, prices, "2011-08") == 30_000 + 42_000


def test_a_price_that_changes_on_the_twentieth_counts_for_twelve_days() -> None:
    prices: Prices = {"school_age": {date(2011, 4, 1): 50_000, date(2011, 8, 20): 53_100}}
    # (19 × 50,000 + 12 × 53,100) ÷ 31
    assert yen(home(counted(OPENING, school_age=1)), prices, "2011-08") == 51_200


def test_a_home_that_opens_on_the_fifteenth_needs_seventeen_days_of_august() -> None:
    opens_on = date(2011, 8, 15)
    there = home(counted(opens_on, school_age=1), opens_on=opens_on)
    assert yen(there, price(62_000), "2011-08") == 34_000


def test_a_home_that_closes_on_the_tenth_needs_ten_days_of_september_and_no_october() -> None:
    there = home(
        counted(OPENING, school_age=1), stated(RENT, "2011-08", 150_000), closed(date(2011, 9, 10))
    )
    assert required(there, price(60_000), RULES, TODAY) == {
        (CHILDREN_NEEDS, "2011-08"): 60_000,
        (CHILDREN_NEEDS, "2011-09"): 20_000,
        (RENT, "2011-08"): 150_000,
        (RENT, "2011-09"): 150_000,
    }


def test_what_happens_on_the_last_day_counts_for_one_day() -> None:
    there = home(counted(date(2011, 8, 31), school_age=1), closed(date(2011, 8, 31)))
    assert yen(there, price(62_000), "2011-08") == 2_000


def test_children_without_an_announced_price_need_no_yen_yet() -> None:
    there = home(counted(OPENING, school_age=3))
    assert yen(there, {}, "2011-08") == 0
    assert yen(there, price(50_000, from_day=date(2011, 9, 1)), "2011-08") == 0


# --- Prices


def test_a_price_revised_back_to_april_changes_every_month_since() -> None:
    before = price(51_000, from_day=date(2010, 4, 1))
    after = announced(before, prices_announced(date(2011, 4, 1), school_age=51_020))
    there = home(
        counted(date(2011, 2, 1), school_age=5),
        opens_on=date(2011, 2, 1),
        needs_through="2011-06",
    )
    was = required(there, before, RULES, TODAY)
    now = required(there, after, RULES, TODAY)
    assert {month: now[cell] - was[cell] for cell in was for month in [cell[1]]} == {
        "2011-02": 0,
        "2011-03": 0,
        "2011-04": 100,
        "2011-05": 100,
        "2011-06": 100,
    }


def test_an_announcement_replaces_what_held_since_its_day_for_the_bands_it_names() -> None:
    april, october = date(2011, 4, 1), date(2011, 10, 1)
    before: Prices = {
        "school_age": {date(2010, 4, 1): 50_000, april: 51_000, october: 52_000},
        "under_3": {april: 58_000, october: 59_000},
    }
    assert announced(before, prices_announced(april, school_age=51_500)) == {
        "school_age": {date(2010, 4, 1): 50_000, april: 51_500},
        "under_3": {april: 58_000, october: 59_000},
    }


# --- Months


def test_other_needs_are_whole_from_their_month_on_and_never_before_the_opening() -> None:
    there = home(
        stated(RENT, "2011-06", 140_000),
        stated(RENT, "2011-10", 150_000),
        opens_on=date(2011, 8, 31),
        needs_through="2011-11",
    )
    assert required(there, {}, RULES, TODAY) == {
        (RENT, "2011-08"): 140_000,
        (RENT, "2011-09"): 140_000,
        (RENT, "2011-10"): 150_000,
        (RENT, "2011-11"): 150_000,
    }


def test_a_need_that_ends_is_stated_as_none() -> None:
    there = home(stated(RENT, "2011-08", 140_000), stated(RENT, "2011-09", 0))
    assert required(there, {}, RULES, TODAY) == {(RENT, "2011-08"): 140_000}


def test_without_a_last_month_the_horizon_is_twenty_four_months_ahead() -> None:
    there = home(stated(RENT, "2011-08", 1), needs_through=None)
    on_31_august = required(there, {}, RULES, date(2011, 8, 31))
    assert max(on_31_august) == (RENT, "2013-08")
    assert required(there, {}, RULES, date(2011, 9, 1)).keys() - on_31_august.keys() == {
        (RENT, "2013-09")
    }


def test_a_home_that_nobody_has_registered_needs_nothing() -> None:
    assert required(Home(), price(1), RULES, TODAY) == {}


# --- The stream


def given(*events: NeedRestated) -> Given[RestateNeeds, Need, NeedRestated]:
    return Given(NEED, events)


def restate(**rent: int) -> RestateNeeds:
    months: Mapping[Cell, int] = {
        (RENT, month.replace("_", "-")[1:]): quantity for month, quantity in rent.items()
    }
    return RestateNeeds(home_id=HOME_ID, required=months)


def restated(movements: tuple[Movement, ...], **rent: int) -> NeedRestated:
    return NeedRestated(
        home_id=HOME_ID,
        required=tuple(
            RequiredTotal(resource=RENT, month=month.replace("_", "-")[1:], quantity=quantity)
            for month, quantity in rent.items()
        ),
        movements=movements,
    )


def rises(month: str, quantity: int) -> Movement:
    return Movement(
        resource=RENT, month=month, moved_from="need", moved_to="open", quantity=quantity
    )


def falls(month: str, quantity: int) -> Movement:
    return Movement(
        resource=RENT, month=month, moved_from="open", moved_to="need", quantity=quantity
    )


FIRST = restated((rises("2011-08", 100), rises("2011-09", 100)), m2011_08=100, m2011_09=100)


def test_a_need_that_rises_is_open() -> None:
    given().when(restate(m2011_08=100, m2011_09=100)).then(FIRST)


def test_a_restatement_names_only_what_has_changed() -> None:
    given(FIRST).when(restate(m2011_08=100, m2011_09=130, m2011_10=70)).then(
        restated((rises("2011-09", 30), rises("2011-10", 70)), m2011_09=130, m2011_10=70)
    )


def test_a_need_that_falls_goes_back_and_one_that_ends_is_nothing() -> None:
    given(FIRST).when(restate(m2011_08=40)).then(
        restated((falls("2011-08", 60), falls("2011-09", 100)), m2011_08=40, m2011_09=0)
    )


def test_a_need_that_is_the_same_is_not_restated() -> None:
    given(FIRST).when(restate(m2011_08=100, m2011_09=100)).then()


# --- Any story at all

DAYS = st.dates(OPENING, date(2011, 12, 31))
BANDS: tuple[AgeBand, ...] = ("under_3", "preschool", "school_age")
COUNTS = st.dictionaries(st.sampled_from(BANDS), st.integers(0, 3))
CHANGES = st.one_of(
    st.builds(lambda day, counts: counted(day, **counts), DAYS, COUNTS),
    st.builds(
        lambda month, quantity: stated(RENT, month, quantity),
        st.sampled_from([*months_through("2011-06", "2012-01")]),
        st.integers(0, 10**6),
    ),
    st.builds(closed, DAYS),
    st.builds(
        lambda day, prices: prices_announced(day, **prices),
        DAYS,
        st.dictionaries(st.sampled_from(BANDS), st.integers(0, 10**6)),
    ),
    DAYS,
)


@for_all(st.lists(CHANGES, max_size=12), st.sampled_from([None, "2011-10"]))
def test_what_has_moved_adds_up_to_what_is_required_last(
    changes: list[HomeFact | UnitPricesAnnounced | date], needs_through: str | None
) -> None:
    home, need, today = HOME.initial, NEED.initial, OPENING
    prices: Prices = price(31_000)
    events: list[Event] = []
    for change in [registered(needs_through=needs_through), *changes]:
        if isinstance(change, UnitPricesAnnounced):
            prices = announced(prices, change)
        elif isinstance(change, date):
            today = change
        else:
            home = HOME.evolve(home, change)
        last = required(home, prices, RULES, today)
        told = NEED.decide(RestateNeeds(home_id=HOME_ID, required=last), need)
        need = NEED.fold(told, onto=need)
        events += told
    moved = cells(events)
    assert {(r, m): n for (r, m, place), n in moved.items() if place == "open" and n} == last
    assert {(r, m): -n for (r, m, place), n in moved.items() if place == "need" and n} == last
    assert need.required == last


@for_all(
    st.lists(st.tuples(DAYS, COUNTS), max_size=6),
    st.lists(st.tuples(DAYS, st.sampled_from(BANDS), st.integers(0, 99_999)), max_size=6),
    st.none() | DAYS,
)
def test_the_childrens_needs_are_what_counting_day_by_day_gives(
    counts: list[tuple[date, dict[AgeBand, int]]],
    steps: list[tuple[date, AgeBand, int]],
    closed_on: date | None,
) -> None:
    prices: dict[AgeBand, dict[date, int]] = {band: {} for band in BANDS}
    for day, band, quantity in steps:
        prices[band][day] = quantity
    events: list[HomeFact] = [counted(day, **found) for day, found in counts]
    there = home(*events, *([closed(closed_on)] if closed_on else []))
    for month in months_through("2011-08", "2011-12"):
        cell = (CHILDREN_NEEDS, month)
        by_day = day_by_day(counts, prices, closed_on, month)
        assert required(there, prices, RULES, TODAY).get(cell, 0) == by_day


def day_by_day(
    counts: list[tuple[date, dict[AgeBand, int]]],
    prices: dict[AgeBand, dict[date, int]],
    closed_on: date | None,
    month: str,
) -> int:
    """Count without runs, timelines or streams: every child on every day."""
    told = dict(counts)
    shares: dict[tuple[AgeBand, int], int] = {}
    day = first_day(month)
    while day < first_day(add_months(month, 1)) and (closed_on is None or day <= closed_on):
        started = [start for start in told if start <= day]
        present = told[max(started)] if started else {}
        for band, children in present.items():
            begun = [start for start in prices[band] if start <= day]
            today = prices[band][max(begun)] if begun else 0
            for place in range(children):
                shares[band, place] = shares.get((band, place), 0) + today
        day += timedelta(days=1)
    return sum(share // days_in(month) for share in shares.values())


def test_a_home_registered_again_from_its_events_needs_the_same() -> None:
    events: list[HomeFact] = [
        registered(),
        counted(OPENING, school_age=5),
        stated(RENT, "2011-08", 150_000),
    ]
    read_back = [type(event).model_validate_json(event.model_dump_json()) for event in events]
    assert isinstance(read_back[0], HomeRegistered)
    prices = price(51_020)
    assert required(HOME.fold(read_back), prices, RULES, TODAY) == required(
        HOME.fold(events), prices, RULES, TODAY
    )
