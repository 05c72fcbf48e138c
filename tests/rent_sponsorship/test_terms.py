"""What a rent agreement's terms do: the cap, and notice by the months that were agreed."""

from dataclasses import replace
from datetime import date

import pytest

from services.rent_sponsorship.domain import RENT_AGREEMENT
from shared.calendar import months_through
from shared.commitments.commands import Agree, Command, PromiseBeyondCap, Withdraw
from shared.commitments.state import Commitment
from shared.contracts.commitment import CommitmentFact
from shared.contracts.event import Month
from shared.contracts.rent_sponsorship import (
    RentAgreementSigned,
    RentPromised,
    RentSponsorshipWithdrawn,
)
from tests.support.commitments import agree, deliver, promise
from tests.support.specification import Given

RENT, CAP = 150_000, 90_000
AUGUST, APRIL = "2011-08", "2012-04"
NEEDED = dict.fromkeys(months_through(AUGUST, APRIL), RENT)
DECIDER = RENT_AGREEMENT.decider()
PART = replace(agree(), cap=CAP, fallback_sector="government", publicity="anonymous")


def history(*commands: Command) -> list[CommitmentFact]:
    events: list[CommitmentFact] = []
    for command in commands:
        events += DECIDER.decide(command, DECIDER.fold(events))
    return events


def given(*commands: Command) -> Given[Command, Commitment, CommitmentFact]:
    return Given(DECIDER, history(*commands))


def whole_year(quantity: int) -> Command:
    return promise(quantity, AUGUST, APRIL, required=NEEDED)


def test_the_terms_are_kept_as_they_were_agreed() -> None:
    (signed,) = history(PART)
    assert isinstance(signed, RentAgreementSigned)
    assert (signed.cap, signed.fallback_sector, signed.publicity) == (
        CAP,
        "government",
        "anonymous",
    )


def test_no_more_is_promised_than_the_cap_whatever_is_needed() -> None:
    given(PART).when(whole_year(CAP + 1)).then_refused(PromiseBeyondCap)
    beyond_need = promise(CAP + 1, AUGUST, AUGUST, required=NEEDED, beyond_need=True)
    given(PART).when(beyond_need).then_refused(PromiseBeyondCap)
    assert len(history(PART, whole_year(CAP))) == 2
    assert isinstance(history(agree(), whole_year(RENT))[-1], RentPromised), "the whole"


@pytest.mark.parametrize(
    ("notice_on", "notice_months", "first_uncovered"),
    [
        ("2011-12-10", 2, "2012-03"),  # runs out on 10 February
        ("2011-12-01", 2, "2012-03"),  # on 1 February, which has begun
        ("2011-11-30", 2, "2012-02"),  # on 30 January
        ("2011-12-31", 2, "2012-03"),  # on 29 February: there is no 31st
        ("2011-12-10", 0, "2012-01"),
        ("2011-12-10", 1, "2012-02"),
        ("2011-12-10", 3, "2012-04"),
    ],
)
def test_the_first_uncovered_month_follows_from_the_terms(
    notice_on: str, notice_months: int, first_uncovered: Month
) -> None:
    agreed: Agree = replace(PART, notice_months=notice_months)
    notice = Withdraw(notice_on=date.fromisoformat(notice_on))
    *_, withdrawn = history(agreed, whole_year(CAP), notice)
    assert isinstance(withdrawn, RentSponsorshipWithdrawn)
    assert withdrawn.from_month == first_uncovered


def test_what_is_promised_within_the_notice_period_stands_and_the_rest_falls_away() -> None:
    notice = Withdraw(notice_on=date(2011, 12, 10))
    events = history(PART, whole_year(CAP), deliver(30_000, "2012-03"), notice)
    withdrawn = events[-1]
    # Of March's 90,000 yen 30,000 are paid already and stay so; April's 90,000 fall away.
    assert [
        (one.month, one.moved_from, one.moved_to, one.quantity) for one in withdrawn.movements
    ] == [
        ("2012-03", "promised", "open", 60_000),
        ("2012-04", "promised", "open", 90_000),
    ]
    after = DECIDER.fold(events)
    standing = {month: after.outstanding(month) for month in after.promised}
    assert standing == {
        "2011-08": 90_000,
        "2011-09": 90_000,
        "2011-10": 90_000,
        "2011-11": 90_000,
        "2011-12": 90_000,
        "2012-01": 90_000,
        "2012-02": 90_000,
        "2012-03": 0,
        "2012-04": 0,
    }
