"""Leases: what is due in which month, how it changes, and when it ends."""

from dataclasses import replace
from datetime import date

import pytest

from services.rent_sponsorship.domain.leases import LEASES, Lease
from services.rent_sponsorship.domain.leasing import (
    ChangeRent,
    Command,
    EndBeyondTerm,
    EndLease,
    LeaseEndsBeforeStart,
    LeaseKnown,
    LeaseUnknown,
    RegisterLease,
    RentOutsideLease,
    TermWithoutEnd,
)
from shared.commitments.commands import HomeClosed, HomeUnknown
from shared.contracts.rent_sponsorship import (
    LeaseEnded,
    LeaseFact,
    LeaseRegistered,
    LeaseRentChanged,
)
from tests.support.specification import Given

REGISTER = RegisterLease(
    lease_id="l",
    home_id="h",
    organisation_id="o",
    kind="fixed_term",
    starts_on=date(2011, 8, 16),
    term_ends_on=date(2013, 8, 15),
    rent_yen=140_000,
    common_charge_yen=10_000,
    deposit_yen=300_000,
    renewal_fee_yen=0,
    division="by_order",
    home_status="open",
)
REGISTERED = LeaseRegistered(
    lease_id="l",
    home_id="h",
    organisation_id="o",
    kind="fixed_term",
    starts_on=date(2011, 8, 16),
    term_ends_on=date(2013, 8, 15),
    rent_yen=140_000,
    common_charge_yen=10_000,
    deposit_yen=300_000,
    renewal_fee_yen=0,
)
ORDINARY = REGISTERED.model_copy(update={"kind": "ordinary"})
RAISE = ChangeRent(from_month="2012-04", rent_yen=145_001, common_charge_yen=10_000)
RAISED = LeaseRentChanged(
    lease_id="l",
    home_id="h",
    organisation_id="o",
    from_month="2012-04",
    rent_yen=145_001,
    common_charge_yen=10_000,
)


def ended(day: date) -> LeaseEnded:
    return LeaseEnded(lease_id="l", home_id="h", organisation_id="o", ends_on=day)


def given(*events: LeaseFact) -> Given[Command, Lease, LeaseFact]:
    return Given(LEASES.decider, events)


def lease(*events: LeaseFact) -> Lease:
    return LEASES.decider.fold(events)


def test_a_lease_is_registered_once() -> None:
    given().when(REGISTER).then(REGISTERED)
    given(REGISTERED).when(REGISTER).then()
    given(REGISTERED).when(replace(REGISTER, rent_yen=1)).then_refused(LeaseKnown)


def test_a_lease_is_of_a_home_that_is_known_and_open() -> None:
    given().when(replace(REGISTER, home_status="unknown")).then_refused(HomeUnknown)
    given().when(replace(REGISTER, home_status="closed")).then_refused(HomeClosed)


def test_a_fixed_term_has_an_end_that_does_not_lie_before_its_start() -> None:
    given().when(replace(REGISTER, term_ends_on=None)).then_refused(TermWithoutEnd)
    before = replace(REGISTER, term_ends_on=date(2011, 8, 15))
    given().when(before).then_refused(LeaseEndsBeforeStart)
    without = replace(REGISTER, kind="ordinary", term_ends_on=None)
    given().when(without).then(ORDINARY.model_copy(update={"term_ends_on": None}))


def test_rent_changes_from_a_month_on() -> None:
    given(REGISTERED).when(RAISE).then(RAISED)
    given(REGISTERED, RAISED).when(RAISE).then()
    one = lease(REGISTERED, RAISED)
    due = {month: one.due_yen(month) for month in ("2011-08", "2012-03", "2012-04", "2013-08")}
    assert due == {
        "2011-08": 150_000,  # the month of the 16th, in whole
        "2012-03": 150_000,
        "2012-04": 155_001,
        "2013-08": 155_001,
    }


def test_nothing_is_due_outside_a_lease() -> None:
    assert [lease(REGISTERED).due_yen(month) for month in ("2011-07", "2013-09")] == [0, 0]
    assert lease(ORDINARY).due_yen("2031-09") == 150_000, "it goes on after its term"
    assert lease().due_yen("2011-08") == 0


@pytest.mark.parametrize("month", ["2011-07", "2013-09"])
def test_rent_does_not_change_outside_its_lease(month: str) -> None:
    given(REGISTERED).when(replace(RAISE, from_month=month)).then_refused(RentOutsideLease)


def test_a_lease_ends_before_its_term_and_the_last_word_counts() -> None:
    early, later = date(2012, 12, 31), date(2013, 1, 31)
    given(REGISTERED).when(EndLease(ends_on=early)).then(ended(early))
    given(REGISTERED, ended(early)).when(EndLease(ends_on=early)).then()
    given(REGISTERED, ended(early)).when(EndLease(ends_on=later)).then(ended(later))
    one = lease(REGISTERED, ended(early), ended(later))
    assert [one.due_yen(month) for month in ("2013-01", "2013-02")] == [150_000, 0]


def test_a_fixed_term_lease_does_not_outlive_its_term_and_an_ordinary_one_does() -> None:
    after = date(2013, 8, 16)
    given(REGISTERED).when(EndLease(ends_on=after)).then_refused(EndBeyondTerm)
    given(ORDINARY).when(EndLease(ends_on=after)).then(ended(after))


def test_no_lease_ends_before_it_starts() -> None:
    before = EndLease(ends_on=date(2011, 8, 15))
    given(REGISTERED).when(before).then_refused(LeaseEndsBeforeStart)


def test_nothing_happens_to_a_lease_that_is_not_registered() -> None:
    given().when(RAISE).then_refused(LeaseUnknown)
    given().when(EndLease(ends_on=date(2012, 1, 1))).then_refused(LeaseUnknown)


def test_an_end_is_in_view_a_year_ahead_to_the_day() -> None:
    one = lease(REGISTERED)
    days = [date(2012, 8, 14), date(2012, 8, 15), date(2013, 8, 15), date(2013, 8, 16)]
    assert [one.ends_within_a_year(day) for day in days] == [False, True, True, False]
    assert not lease(ORDINARY).ends_within_a_year(date(2013, 8, 15))
    assert lease(ORDINARY, ended(date(2014, 1, 1))).ends_within_a_year(date(2013, 8, 15))
