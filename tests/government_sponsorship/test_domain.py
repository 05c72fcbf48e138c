"""What government sponsorship calls its commitments, and how it announces unit prices."""

from datetime import date

import pytest

from services.government_sponsorship.domain import (
    GRANT,
    SECTORS,
    UNIT_PRICES,
    Announce,
    Announcements,
    NoPrice,
    PricedTwice,
)
from shared.contracts.government_sponsorship import (
    DisbursementCorrected,
    DisbursementDisputeAnswered,
    GrantDecided,
    GrantDisbursed,
    GrantLapsed,
    GrantPromised,
    GrantWithdrawn,
    UnitPrice,
    UnitPricesAnnounced,
)
from shared.contracts.resources import CHILDREN_NEEDS
from tests.support.commitments import life
from tests.support.specification import Given

APRIL, AUGUST, OCTOBER = date(2011, 4, 1), date(2011, 8, 1), date(2011, 10, 7)
SCHOOL_AGE = UnitPrice(age_band="school_age", yen_per_child_month=50_000)
UNDER_3 = UnitPrice(age_band="under_3", yen_per_child_month=60_000)
UNDER_3_REVISED = UnitPrice(age_band="under_3", yen_per_child_month=62_500)


def given(
    *events: UnitPricesAnnounced,
) -> Given[Announce, Announcements, UnitPricesAnnounced]:
    return Given(UNIT_PRICES.decider, events)


def announce(*prices: UnitPrice, from_day: date = AUGUST) -> Announce:
    return Announce(
        announcement_id="a",
        organisation_id="o",
        announced_on=OCTOBER,
        from_day=from_day,
        prices=prices,
    )


def announced(*prices: UnitPrice, from_day: date = AUGUST) -> UnitPricesAnnounced:
    return UnitPricesAnnounced(
        programme_id=CHILDREN_NEEDS,
        announcement_id="a",
        organisation_id="o",
        announced_on=OCTOBER,
        from_day=from_day,
        prices=prices,
    )


def test_a_grant_is_told_in_the_words_of_governments() -> None:
    events = life(GRANT, CHILDREN_NEEDS)
    assert [type(event) for event in events] == [
        GrantDecided,
        GrantPromised,
        GrantDisbursed,
        DisbursementCorrected,
        DisbursementDisputeAnswered,
        GrantLapsed,
        GrantWithdrawn,
    ]
    assert {event.stream for event in events} == {"grant/c"}
    assert {event.key for event in events} == {"h"}


def test_governments_grant() -> None:
    assert sorted(SECTORS) == ["government"]


def test_unit_prices_are_one_stream_for_all_homes() -> None:
    assert announced(SCHOOL_AGE).stream == f"unit_prices/{CHILDREN_NEEDS}"
    assert announced(SCHOOL_AGE).key == CHILDREN_NEEDS


def test_unit_prices_may_be_revised_back_to_a_day_long_past() -> None:
    given(announced(UNDER_3)).when(announce(UNDER_3_REVISED, from_day=APRIL)).then(
        announced(UNDER_3_REVISED, from_day=APRIL)
    )


def test_the_same_announcement_again_changes_nothing() -> None:
    given().when(announce(UNDER_3, SCHOOL_AGE)).then(announced(SCHOOL_AGE, UNDER_3))
    given(announced(SCHOOL_AGE, UNDER_3)).when(announce(UNDER_3, SCHOOL_AGE)).then()


def test_the_same_prices_from_another_day_are_an_announcement() -> None:
    given(announced(UNDER_3)).when(announce(UNDER_3, from_day=APRIL)).then(
        announced(UNDER_3, from_day=APRIL)
    )


def test_an_announcement_returns_to_prices_that_another_had_replaced() -> None:
    given(announced(UNDER_3), announced(UNDER_3_REVISED)).when(announce(UNDER_3)).then(
        announced(UNDER_3)
    )


def test_an_announcement_names_a_price() -> None:
    given().when(announce()).then_refused(NoPrice)


@pytest.mark.parametrize("twice", [UNDER_3, UNDER_3_REVISED])
def test_an_age_band_has_one_price(twice: UnitPrice) -> None:
    given().when(announce(UNDER_3, SCHOOL_AGE, twice)).then_refused(PricedTwice)
