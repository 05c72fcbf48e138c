"""Several sponsors of one rent: their parts add up to the yen, whoever comes, stays or goes."""

from dataclasses import replace

import pytest
from hypothesis import given as whatever
from hypothesis import strategies as st

from services.rent_sponsorship.domain.leases import Lease
from services.rent_sponsorship.domain.leasing import (
    Command,
    PartDividedOtherwise,
    PartKnown,
    PartOfAnotherRent,
    SharesBeyondWhole,
    TakePart,
)
from services.rent_sponsorship.domain.parts import Sponsor, divide, parts_of
from shared.commitments.commands import CommitmentWithdrawn
from shared.commitments.state import Commitment
from shared.contracts.event import QUANTITY_MAX
from shared.contracts.rent_sponsorship import (
    Division,
    LeaseFact,
    RentAgreementSigned,
    RentPartTaken,
)
from tests.rent_sponsorship.test_leases import ORDINARY, RAISED, given, lease
from tests.support.commitments import AGREED_ON
from tests.support.specification import Given

BY_SHARE = ORDINARY.model_copy(update={"division": "by_share"})
TAKE = TakePart(
    agreement_id="a",
    home_id="h",
    resource="rent",
    organisation_id="sponsor",
    from_month="2011-08",
    share_percent=60,
    withdrawn_from={},
)
OTHER = replace(TAKE, agreement_id="b", organisation_id="baker", share_percent=40)


def taken(command: TakePart) -> RentPartTaken:
    return RentPartTaken(
        lease_id="l",
        home_id="h",
        organisation_id=command.organisation_id,
        agreement_id=command.agreement_id,
        from_month=command.from_month,
        share_percent=command.share_percent,
    )


def signed(cap: int | None = None, withdrawn_from: str | None = None) -> Commitment:
    terms = RentAgreementSigned(
        commitment_id="c",
        home_id="h",
        organisation_id="o",
        resource="rent",
        agreed_on=AGREED_ON,
        notice_months=2,
        cap=cap,
    )
    return Commitment(terms=terms, withdrawn_from=withdrawn_from)


def shared(*events: LeaseFact) -> Given[Command, Lease, LeaseFact]:
    return given(BY_SHARE, *events)


# --- Dividing


def test_sixty_to_forty_of_an_odd_rent_adds_up_to_the_yen() -> None:
    # 155,001 yen: 60 % are 93,000.6 and 40 % are 62,000.4; the odd yen is the first one's.
    a, b = Sponsor("a", share_percent=60), Sponsor("b", share_percent=40)
    assert divide(155_001, "by_share", [a, b]) == {"a": 93_001, "b": 62_000}
    assert divide(155_001, "by_share", [b, a]) == {"b": 62_001, "a": 93_000}


def test_odd_yen_of_equal_shares_are_paid_by_whoever_came_earlier() -> None:
    # 33 % of 100,002 yen are 33,000.66: 33,000.66, 66,001.32 and 99,001.98 are rounded up.
    thirds = [Sponsor(name, share_percent=33) for name in ("c", "a", "b")]
    assert divide(100_002, "by_share", thirds) == {"c": 33_001, "a": 33_001, "b": 33_000}


def test_what_nobody_has_a_share_of_stays_open() -> None:
    assert divide(150_000, "by_share", [Sponsor("a", share_percent=60)]) == {"a": 90_000}


def test_by_order_the_first_pays_up_to_its_cap_and_then_the_next() -> None:
    sponsors = [Sponsor("a", cap=90_000), Sponsor("b", cap=50_000), Sponsor("c")]
    assert divide(155_001, "by_order", sponsors) == {"a": 90_000, "b": 50_000, "c": 15_001}
    assert divide(100_000, "by_order", sponsors) == {"a": 90_000, "b": 10_000, "c": 0}
    assert divide(155_001, "by_order", sponsors[:2]) == {"a": 90_000, "b": 50_000}, "15,001 open"


def test_a_cap_holds_for_a_share_too() -> None:
    sponsors = [Sponsor("a", cap=80_000, share_percent=60), Sponsor("b", share_percent=40)]
    assert divide(150_000, "by_share", sponsors) == {"a": 80_000, "b": 60_000}


shares = st.lists(st.integers(1, 100), min_size=1, max_size=8).filter(
    lambda found: sum(found) <= 100
)
yen = st.integers(0, QUANTITY_MAX)
caps = st.none() | yen


@whatever(yen, st.integers(1, 99))
def test_two_shares_of_the_whole_always_add_up_to_the_rent(due: int, share: int) -> None:
    both = [Sponsor("a", share_percent=share), Sponsor("b", share_percent=100 - share)]
    assert sum(divide(due, "by_share", both).values()) == due


@whatever(yen, shares)
def test_shares_always_add_up_and_none_is_a_yen_from_its_exact_part(
    due: int, percents: list[int]
) -> None:
    sponsors = [Sponsor(str(place), share_percent=one) for place, one in enumerate(percents)]
    parts = divide(due, "by_share", sponsors)
    assert 0 <= sum(parts.values()) * 100 - due * sum(percents) < 100
    for sponsor in sponsors:
        assert abs(parts[sponsor.agreement_id] * 100 - due * sponsor.share_percent) < 100


@whatever(yen, shares, st.sampled_from(("by_order", "by_share")))
def test_whoever_comes_later_changes_nobodys_part(
    due: int, percents: list[int], division: Division
) -> None:
    sponsors = [Sponsor(str(place), due // 3, one) for place, one in enumerate(percents)]
    parts = divide(due, division, sponsors)
    for count in range(len(sponsors)):
        earlier = divide(due, division, sponsors[:count])
        assert all(parts[agreement_id] == part for agreement_id, part in earlier.items())


@whatever(yen, shares, st.data(), st.sampled_from(("by_order", "by_share")))
def test_no_part_is_beyond_its_cap_and_together_none_beyond_the_rent(
    due: int, percents: list[int], data: st.DataObject, division: Division
) -> None:
    sponsors = [Sponsor(str(place), data.draw(caps), one) for place, one in enumerate(percents)]
    parts = divide(due, division, sponsors)
    assert all(0 <= parts[one.agreement_id] <= one.at_most(due) for one in sponsors)
    assert sum(parts.values()) <= due
    if division == "by_order" and any(one.cap is None for one in sponsors):
        assert sum(parts.values()) == due


# --- Who has a part when


def test_a_part_begins_with_its_month_and_ends_with_a_withdrawal() -> None:
    later = replace(OTHER, from_month="2012-03")
    one = lease(BY_SHARE, RAISED, taken(TAKE), taken(later))
    agreements = {"a": signed(withdrawn_from="2012-05"), "b": signed()}
    months = ("2012-02", "2012-03", "2012-04", "2012-05")
    assert [parts_of(one, month, agreements) for month in months] == [
        {"a": 90_000},
        {"a": 90_000, "b": 60_000},
        {"a": 93_001, "b": 62_000},
        {"b": 62_001},  # it is the first now
    ]


def test_by_order_whoever_comes_next_moves_up_when_the_first_withdraws() -> None:
    first, second = (replace(part, share_percent=None) for part in (TAKE, OTHER))
    one = lease(ORDINARY, taken(first), taken(second))
    agreements = {"a": signed(cap=90_000, withdrawn_from="2012-03"), "b": signed(cap=100_000)}
    assert parts_of(one, "2012-02", agreements) == {"a": 90_000, "b": 60_000}
    assert parts_of(one, "2012-03", agreements) == {"b": 100_000}


# --- Taking a part


def test_a_part_is_taken_once() -> None:
    shared().when(TAKE).then(taken(TAKE))
    shared(taken(TAKE)).when(TAKE).then()
    shared(taken(TAKE)).when(replace(TAKE, share_percent=50)).then_refused(PartKnown)


def test_shares_are_at_most_the_whole() -> None:
    shared(taken(TAKE)).when(OTHER).then(taken(OTHER))
    too_much = replace(OTHER, share_percent=41)
    shared(taken(TAKE)).when(too_much).then_refused(SharesBeyondWhole)


@pytest.mark.parametrize(("from_month", "fits"), [("2012-02", False), ("2012-03", True)])
def test_a_share_is_free_again_from_the_month_of_a_withdrawal(from_month: str, fits: bool) -> None:  # noqa: FBT001  a parameter
    gone = {"a": "2012-03"}
    follows = replace(OTHER, share_percent=100, from_month=from_month, withdrawn_from=gone)
    when = shared(taken(TAKE)).when(follows)
    if fits:
        when.then(taken(follows))
    else:
        when.then_refused(SharesBeyondWhole)


def test_a_part_fits_its_lease() -> None:
    without = replace(TAKE, share_percent=None)
    shared().when(without).then_refused(PartDividedOtherwise)
    given(ORDINARY).when(TAKE).then_refused(PartDividedOtherwise)
    given(ORDINARY).when(without).then(taken(without))
    shared().when(replace(TAKE, home_id="elsewhere")).then_refused(PartOfAnotherRent)
    shared().when(replace(TAKE, resource="children_needs")).then_refused(PartOfAnotherRent)


def test_whoever_has_withdrawn_takes_no_part() -> None:
    late = replace(TAKE, from_month="2012-03", withdrawn_from={"a": "2012-03"})
    shared().when(late).then_refused(CommitmentWithdrawn)
