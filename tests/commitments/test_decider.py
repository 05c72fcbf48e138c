"""What every partner's commitment decides, told in the words of rent."""

from dataclasses import replace

import pytest

from services.rent_sponsorship.domain import RENT_AGREEMENT
from shared.commitments.commands import (
    Command,
    CommitmentKnown,
    CommitmentUnknown,
    CommitmentWithdrawn,
    CorrectionBelowConfirmed,
    DeliveryBeyondPromise,
    DeliveryKnown,
    DeliveryUnknown,
    DisputeUnknown,
    EvidenceWithoutHash,
    HomeClosed,
    HomeUnknown,
    ImpossibleQuantity,
    OpeningHasFailed,
    PromiseBelowDelivered,
    PromiseBeyondNeed,
    PromiseOfNothing,
)
from shared.commitments.decider import MONTHS_MAX
from shared.commitments.state import Commitment
from shared.contracts.commitment import CommitmentFact, MonthTotal
from shared.contracts.event import QUANTITY_MAX, Month, Movement, Place
from shared.contracts.rent_sponsorship import (
    RentDisputeAnswered,
    RentPaid,
    RentPaymentCorrected,
    RentPromised,
    RentPromiseLapsed,
    RentSponsorshipWithdrawn,
)
from tests.support.commitments import (
    AGREED_ON,
    MARCH,
    MUCH,
    agree,
    answer,
    correct,
    deliver,
    lapse,
    promise,
    release,
    withdraw,
)
from tests.support.specification import Given, When

DECIDER = RENT_AGREEMENT.decider()
JANUARY, FEBRUARY, APRIL = "2012-01", "2012-02", "2012-04"
NAMES = {"commitment_id": "c", "home_id": "h", "organisation_id": "o"}


def signed(lapse_days: int | None = None) -> CommitmentFact:
    return RENT_AGREEMENT.agreed.model_validate(
        {
            **NAMES,
            "resource": "rent",
            "agreed_on": AGREED_ON,
            "notice_months": 2,
            "lapse_days": lapse_days,
        }
    )


class After:
    """A history made by commands: what they decided has happened."""

    def __init__(self, *commands: Command, lapse_days: int | None = None) -> None:
        self._events = [signed(lapse_days)]
        for command in commands:
            self._events += DECIDER.decide(command, DECIDER.fold(self._events))

    def when(self, command: Command) -> When[Command, Commitment, CommitmentFact]:
        return Given(DECIDER, self._events).when(command)


def moved(
    source: Place,
    target: Place,
    quantity: int,
    month: Month = MARCH,
    *,
    delivery_id: str | None = "d",
) -> Movement:
    return Movement(
        resource="rent",
        month=month,
        moved_from=source,
        moved_to=target,
        quantity=quantity,
        organisation_id="o",
        commitment_id="c",
        delivery_id=delivery_id,
    )


def to_promise(quantity: int, month: Month = MARCH) -> Movement:
    return moved("open", "promised", quantity, month, delivery_id=None)


def from_promise(quantity: int, month: Month = MARCH) -> Movement:
    return moved("promised", "open", quantity, month, delivery_id=None)


def promised(
    quantity: int, *movements: Movement, months: tuple[Month, ...] = (MARCH,), beyond: bool = False
) -> RentPromised:
    totals = tuple(MonthTotal(month=month, quantity=quantity) for month in months)
    return RentPromised(**NAMES, promised=totals, beyond_need=beyond, movements=movements)


def paid(quantity: int, *movements: Movement, beyond: int = 0, gift: bool = False) -> RentPaid:
    return RentPaid(
        **NAMES,
        delivery_id="d",
        month=MARCH,
        quantity=quantity,
        beyond_promise=beyond,
        gift=gift,
        movements=movements,
    )


def corrected(quantity: int, *movements: Movement, beyond: int = 0) -> RentPaymentCorrected:
    return RentPaymentCorrected(
        **NAMES,
        delivery_id="d",
        month=MARCH,
        quantity=quantity,
        beyond_promise=beyond,
        movements=movements,
    )


# --- Agreeing


def test_a_commitment_is_a_stream_of_its_home_under_the_sectors_own_name() -> None:
    assert RENT_AGREEMENT.category == "rent_agreement"
    assert signed().stream == "rent_agreement/c"
    assert signed().key == "h"


def test_an_agreement_moves_nothing() -> None:
    Given(DECIDER, ()).when(agree()).then(signed())


def test_agreeing_to_the_same_again_changes_nothing() -> None:
    After().when(agree()).then()


@pytest.mark.parametrize("other", [agree(organisation_id="other"), agree(notice_months=3)])
def test_one_agreement_has_one_organisation_and_one_set_of_terms(other: Command) -> None:
    After().when(other).then_refused(CommitmentKnown)


def test_nothing_is_agreed_with_a_home_that_is_unknown_or_closed() -> None:
    Given(DECIDER, ()).when(agree(home_status="unknown")).then_refused(HomeUnknown)
    Given(DECIDER, ()).when(agree(home_status="closed")).then_refused(HomeClosed)


@pytest.mark.parametrize(
    "command",
    [
        promise(1),
        deliver(1),
        correct(1),
        withdraw("2012-01-31"),
        release("2012-01-31"),
        lapse("2012-05-01"),
        answer(),
    ],
)
def test_nothing_happens_before_an_agreement(command: Command) -> None:
    Given(DECIDER, ()).when(command).then_refused(CommitmentUnknown)


# --- Promising


def test_a_promise_takes_units_from_what_is_open_month_by_month() -> None:
    After().when(promise(120_000, FEBRUARY, MARCH)).then(
        promised(
            120_000,
            to_promise(120_000, FEBRUARY),
            to_promise(120_000),
            months=(FEBRUARY, MARCH),
        )
    )


def test_a_change_moves_the_difference_alone() -> None:
    After(promise(120_000)).when(promise(150_000)).then(promised(150_000, to_promise(30_000)))
    After(promise(120_000)).when(promise(90_000)).then(promised(90_000, from_promise(30_000)))


def test_a_change_from_a_month_on_leaves_the_months_before() -> None:
    before = After(promise(100, JANUARY, APRIL))
    before.when(promise(70, MARCH, None)).then(
        promised(
            70,
            from_promise(30, MARCH),
            from_promise(30, APRIL),
            months=(MARCH, APRIL),
        )
    )


def test_months_that_keep_their_promise_are_not_told_again() -> None:
    After(promise(100, MARCH)).when(promise(100, MARCH, APRIL)).then(
        promised(100, to_promise(100, APRIL), months=(APRIL,))
    )
    After(promise(100)).when(promise(100)).then()


def test_a_promise_names_months() -> None:
    After().when(promise(100, MARCH, None)).then_refused(PromiseOfNothing)
    After().when(promise(100, MARCH, FEBRUARY)).then_refused(PromiseOfNothing)


def test_a_promise_reaches_ten_years_ahead_and_no_further() -> None:
    assert MONTHS_MAX == 120
    After().when(promise(1, "2012-01", "2022-01", beyond_need=True)).then_refused(PromiseOfNothing)
    After().when(promise(1, "2012-01", "9999-12", beyond_need=True)).then_refused(PromiseOfNothing)
    After(promise(1, "2012-01", "2021-12", beyond_need=True)).when(
        promise(1, "2012-01", "2021-12")
    ).then()


def test_a_promise_is_not_lowered_below_what_was_delivered_on_it() -> None:
    before = After(promise(100), deliver(60))
    before.when(promise(59)).then_refused(PromiseBelowDelivered)
    before.when(promise(60)).then(promised(60, from_promise(40)))


def test_more_than_is_needed_is_promised_only_where_it_says_so() -> None:
    After().when(promise(MUCH + 1)).then_refused(PromiseBeyondNeed)
    After().when(promise(MUCH + 1, beyond_need=True)).then(
        promised(MUCH + 1, to_promise(MUCH + 1), beyond=True)
    )


def test_nothing_is_needed_of_which_the_home_has_said_nothing() -> None:
    After().when(promise(1, required={})).then_refused(PromiseBeyondNeed)


def test_a_promise_may_fall_when_the_need_has_fallen_further() -> None:
    After(promise(100)).when(promise(90, required={MARCH: 50})).then(
        promised(90, from_promise(10))
    )


def test_nothing_more_is_promised_to_a_home_that_has_closed_but_less_is() -> None:
    before = After(promise(100))
    before.when(promise(101, home_status="closed")).then_refused(HomeClosed)
    before.when(promise(99, home_status="closed")).then(promised(99, from_promise(1)))


def test_nothing_is_agreed_or_promised_once_an_opening_has_failed() -> None:
    failed = agree(home_status="opening_failed")
    Given(DECIDER, ()).when(failed).then_refused(OpeningHasFailed)
    After().when(promise(1, home_status="opening_failed")).then_refused(OpeningHasFailed)


@pytest.mark.parametrize("quantity", [-1, QUANTITY_MAX + 1])
def test_an_impossible_promise_is_refused(quantity: int) -> None:
    After().when(promise(quantity, beyond_need=True)).then_refused(ImpossibleQuantity)


# --- Delivering


def test_a_delivery_comes_from_the_promise() -> None:
    After(promise(120_000)).when(deliver(30_000)).then(
        paid(30_000, moved("promised", "delivered", 30_000))
    )


def test_a_delivery_beyond_the_promise_must_say_so() -> None:
    before = After(promise(90_000))
    before.when(deliver(100_000)).then_refused(DeliveryBeyondPromise)
    before.when(deliver(100_000, beyond=10_000)).then(
        paid(
            100_000,
            moved("promised", "delivered", 90_000),
            moved("open", "delivered", 10_000),
            beyond=10_000,
        )
    )


def test_a_gift_leaves_the_promise_as_it_was() -> None:
    gift = paid(50_000, moved("open", "delivered", 50_000), beyond=50_000, gift=True)
    After(promise(90_000)).when(deliver(50_000, gift=True)).then(gift)
    After().when(deliver(50_000, gift=True)).then(gift)


@pytest.mark.parametrize(
    ("quantity", "beyond"), [(0, 0), (-1, 0), (100, -1), (100, 101), (QUANTITY_MAX + 1, 0)]
)
def test_an_impossible_delivery_is_refused(quantity: int, beyond: int) -> None:
    After(promise(500)).when(deliver(quantity, beyond=beyond)).then_refused(ImpossibleQuantity)


def test_a_delivery_is_recorded_once() -> None:
    After(promise(120_000), deliver(30_000)).when(deliver(30_000)).then_refused(DeliveryKnown)


# --- Correcting


def test_a_correction_gives_back_to_the_promise() -> None:
    After(promise(120_000), deliver(30_000)).when(correct(20_000)).then(
        corrected(20_000, moved("delivered", "promised", 10_000))
    )


def test_a_correction_upwards_takes_from_what_is_outstanding() -> None:
    before = After(promise(90_000), deliver(80_000))
    before.when(correct(90_000)).then(corrected(90_000, moved("promised", "delivered", 10_000)))
    before.when(correct(91_000)).then_refused(DeliveryBeyondPromise)


def test_a_correction_takes_what_was_beyond_the_promise_first() -> None:
    before = After(promise(90_000), deliver(100_000, beyond=10_000))
    before.when(correct(95_000)).then(
        corrected(95_000, moved("delivered", "open", 5_000), beyond=5_000)
    )
    before.when(correct(80_000)).then(
        corrected(
            80_000, moved("delivered", "open", 10_000), moved("delivered", "promised", 10_000)
        )
    )


def test_a_gift_stays_a_gift_also_through_zero() -> None:
    gift = After(promise(90_000), deliver(50_000, gift=True))
    gift.when(correct(60_000)).then(
        corrected(60_000, moved("open", "delivered", 10_000), beyond=60_000)
    )
    gift.when(correct(0)).then(corrected(0, moved("delivered", "open", 50_000)))
    After(promise(90_000), deliver(50_000, gift=True), correct(0)).when(correct(70_000)).then(
        corrected(70_000, moved("open", "delivered", 70_000), beyond=70_000)
    )


def test_what_was_beyond_and_taken_back_comes_again_from_the_promise() -> None:
    before = After(promise(90), deliver(100, beyond=100), correct(40))
    before.when(correct(60)).then(corrected(60, moved("promised", "delivered", 20), beyond=40))


def test_a_correction_to_the_same_total_changes_nothing() -> None:
    After(promise(90_000), deliver(80_000)).when(correct(80_000)).then()


def test_a_delivery_is_not_corrected_below_what_the_home_has_confirmed() -> None:
    before = After(promise(90_000), deliver(80_000))
    before.when(correct(69_999, confirmed=70_000)).then_refused(CorrectionBelowConfirmed)
    before.when(correct(70_000, confirmed=70_000)).then(
        corrected(70_000, moved("delivered", "promised", 10_000))
    )


def test_a_correction_towards_what_is_confirmed_is_allowed() -> None:
    # After a race the home may have confirmed more than was delivered: this mends it.
    After(promise(90_000), deliver(80_000)).when(correct(85_000, confirmed=90_000)).then(
        corrected(85_000, moved("promised", "delivered", 5_000))
    )


@pytest.mark.parametrize("quantity", [-1, QUANTITY_MAX + 1])
def test_an_impossible_correction_is_refused(quantity: int) -> None:
    After(promise(90), deliver(80)).when(correct(quantity)).then_refused(ImpossibleQuantity)


def test_only_what_was_delivered_is_corrected() -> None:
    After(promise(90_000)).when(correct(1)).then_refused(DeliveryUnknown)


# --- Withdrawing


def withdrawn(notice_on: str, from_month: Month, *movements: Movement) -> RentSponsorshipWithdrawn:
    return RentSponsorshipWithdrawn.model_validate(
        {**NAMES, "notice_on": notice_on, "from_month": from_month, "movements": movements}
    )


def test_promises_fall_away_from_the_first_month_after_the_notice_period() -> None:
    After(promise(100, JANUARY, APRIL)).when(withdraw("2011-12-10")).then(
        withdrawn("2011-12-10", MARCH, from_promise(100, MARCH), from_promise(100, APRIL))
    )


def test_withdrawing_leaves_what_was_delivered() -> None:
    After(promise(100), deliver(30)).when(withdraw("2011-12-10")).then(
        withdrawn("2011-12-10", MARCH, from_promise(70))
    )


def test_a_notice_is_brought_forward_but_not_put_off() -> None:
    before = After(promise(100, FEBRUARY, APRIL), withdraw("2012-01-31"))
    before.when(withdraw("2012-01-31")).then()
    before.when(withdraw("2012-06-01")).then()
    before.when(withdraw("2011-11-30")).then(
        withdrawn("2011-11-30", FEBRUARY, from_promise(100, FEBRUARY), from_promise(100, MARCH))
    )


def test_nothing_is_promised_from_the_month_of_withdrawal_on() -> None:
    before = After(promise(100, FEBRUARY, APRIL), withdraw("2011-12-10"))
    before.when(promise(100, MARCH)).then_refused(CommitmentWithdrawn)
    before.when(promise(90, FEBRUARY, FEBRUARY)).then(
        promised(90, from_promise(10, FEBRUARY), months=(FEBRUARY,))
    )


def test_evidence_that_is_pointed_to_is_named_with_its_hash() -> None:
    pointing = replace(deliver(100), evidence_id="receipt-1")
    After(promise(100)).when(pointing).then_refused(EvidenceWithoutHash)
    proven = replace(pointing, evidence_sha256="5e" * 32)
    expected = paid(100, moved("promised", "delivered", 100)).model_copy(
        update={"evidence_id": "receipt-1", "evidence_sha256": "5e" * 32}
    )
    After(promise(100)).when(proven).then(expected)


def test_after_a_withdrawal_only_gifts_and_what_is_beyond_arrive() -> None:
    before = After(promise(100), withdraw("2011-12-10"))
    before.when(deliver(10)).then_refused(DeliveryBeyondPromise)
    before.when(deliver(10, beyond=10)).then(paid(10, moved("open", "delivered", 10), beyond=10))


def test_after_a_withdrawal_a_correction_returns_units_to_what_is_open() -> None:
    before = After(promise(120_000), deliver(30_000), withdraw("2011-12-10"))
    before.when(correct(20_000)).then(corrected(20_000, moved("delivered", "open", 10_000)))
    before.when(correct(30_001)).then_refused(DeliveryBeyondPromise)


def released(on: str, from_month: Month, *movements: Movement) -> RentSponsorshipWithdrawn:
    withdrawal = withdrawn(on, from_month, *movements)
    return withdrawal.model_copy(update={"reason_code": "opening_failed"})


def test_all_that_was_promised_is_released_without_notice_where_a_home_does_not_open() -> None:
    After(promise(100, MARCH, APRIL), deliver(30)).when(release("2012-01-31")).then(
        released("2012-01-31", JANUARY, from_promise(70, MARCH), from_promise(100, APRIL))
    )
    long_ago = After(promise(100, JANUARY, JANUARY))
    expected = released("2012-03-31", JANUARY, from_promise(100, JANUARY))
    long_ago.when(release("2012-03-31")).then(expected)


def test_an_agreement_on_which_nothing_was_promised_ends_with_the_opening_too() -> None:
    After().when(release("2012-01-31")).then(released("2012-01-31", JANUARY))
    ended = After(release("2012-01-31"))
    ended.when(promise(1)).then_refused(CommitmentWithdrawn)
    ended.when(release("2012-01-31")).then()


def test_before_the_month_of_withdrawal_a_correction_returns_units_to_the_promise() -> None:
    After(promise(120_000), deliver(30_000), withdraw("2012-01-31")).when(correct(20_000)).then(
        corrected(20_000, moved("delivered", "promised", 10_000))
    )


# --- Lapsing


def lapsed(*movements: Movement, month: Month = MARCH) -> RentPromiseLapsed:
    return RentPromiseLapsed(**NAMES, month=month, movements=movements)


def test_what_never_came_lapses_after_the_days_that_were_agreed() -> None:
    before = After(promise(100), deliver(30), lapse_days=30)
    before.when(lapse("2012-04-30")).then()
    before.when(lapse("2012-05-01")).then(lapsed(from_promise(70)))


def test_nothing_lapses_where_the_terms_do_not_say_so() -> None:
    After(promise(100)).when(lapse("2022-01-01")).then()


def test_a_month_lapses_once_and_only_where_something_is_outstanding() -> None:
    After(promise(100), lapse("2012-05-01"), lapse_days=30).when(lapse("2012-05-02")).then()
    After(promise(100), deliver(100), lapse_days=30).when(lapse("2012-05-01")).then()


def test_each_month_lapses_when_it_is_due() -> None:
    before = After(promise(100, FEBRUARY, APRIL), lapse_days=30)
    before.when(lapse("2012-05-01")).then(
        lapsed(from_promise(100, FEBRUARY), month=FEBRUARY), lapsed(from_promise(100))
    )


def test_after_a_lapse_a_correction_returns_units_to_what_is_open() -> None:
    before = After(promise(100), deliver(30), lapse("2012-05-01"), lapse_days=30)
    before.when(correct(20)).then(corrected(20, moved("delivered", "open", 10)))


def test_a_lapsed_month_may_be_promised_again() -> None:
    before = After(promise(100), deliver(30), lapse("2012-05-01"), lapse_days=30)
    before.when(promise(90)).then(promised(90, to_promise(60)))
    again = After(promise(100), deliver(30), lapse("2012-05-01"), promise(90), lapse_days=30)
    again.when(correct(20)).then(corrected(20, moved("delivered", "promised", 10)))


# --- Disputes


def test_whoever_delivered_stands_by_what_the_home_disputes() -> None:
    answered = RentDisputeAnswered(
        **NAMES, delivery_id="d", dispute_id="q", reason_code="as_agreed"
    )
    After(promise(100), deliver(30)).when(answer()).then(answered)
    After(promise(100), deliver(30), answer()).when(deliver(1, delivery_id="e")).then(
        paid(1, moved("promised", "delivered", 1, delivery_id="e")).model_copy(
            update={"delivery_id": "e"}
        )
    )


def test_only_what_the_home_disputes_is_answered() -> None:
    After(promise(100), deliver(30)).when(answer(disputed=False)).then_refused(DisputeUnknown)
    After(promise(100)).when(answer()).then_refused(DeliveryUnknown)
