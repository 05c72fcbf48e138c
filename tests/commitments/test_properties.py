"""Whatever an organisation asks in whatever order, the books show what the owner knows."""

from datetime import date
from random import Random

from hypothesis import given as for_all
from hypothesis import strategies as st

from services.rent_sponsorship.domain import RENT_AGREEMENT
from shared.calendar import months_through
from shared.commitments.commands import (
    AnswerDispute,
    Command,
    Correct,
    Deliver,
    Lapse,
    Promise,
    Release,
    Withdraw,
)
from shared.commitments.state import Commitment
from shared.contracts.commitment import CommitmentFact
from shared.contracts.event import Month
from shared.refusal import Refusal
from tests.support.cells import cells
from tests.support.commitments import agree

DECIDER = RENT_AGREEMENT.decider()
MONTHS = tuple(months_through("2012-01", "2012-05"))
MONTH = st.sampled_from(MONTHS)
DAY = st.dates(date(2011, 10, 1), date(2012, 8, 31))
UNITS = st.integers(0, 60)
# Few, so that the same delivery is often meant again.
DELIVERY_IDS = st.sampled_from(["p", "q"])

COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        Promise,
        from_month=MONTH,
        through_month=st.none() | MONTH,
        quantity=UNITS,
        beyond_need=st.booleans(),
        home_status=st.sampled_from(["open", "open", "open", "closed"]),
        required=st.fixed_dictionaries(dict.fromkeys(MONTHS, st.integers(30, 60))),
    ),
    st.builds(
        Deliver,
        delivery_id=DELIVERY_IDS,
        month=MONTH,
        quantity=UNITS,
        beyond_promise=st.just(0) | UNITS,
        gift=st.booleans(),
    ),
    st.builds(Correct, delivery_id=DELIVERY_IDS, quantity=UNITS, confirmed=st.just(0) | UNITS),
    st.builds(Withdraw, notice_on=DAY),
    st.builds(Release, released_on=DAY),
    st.builds(Lapse, today=DAY),
    st.builds(
        AnswerDispute,
        delivery_id=DELIVERY_IDS,
        dispute_id=st.just("d"),
        reason_code=st.just("as_agreed"),
        disputed=st.booleans(),
    ),
)
LISTS = st.lists(COMMANDS, max_size=30)
LAPSE_DAYS = st.none() | st.just(30)


def history(commands: list[Command], lapse_days: int | None) -> list[CommitmentFact]:
    events = list(DECIDER.decide(agree(lapse_days=lapse_days), DECIDER.initial))
    for command in commands:
        try:
            events += DECIDER.decide(command, DECIDER.fold(events))
        except Refusal:
            continue
    return events


def delivered(commitment: Commitment, month: Month) -> int:
    return sum(
        delivery.quantity for delivery in commitment.deliveries.values() if delivery.month == month
    )


@for_all(LISTS, LAPSE_DAYS)
def test_the_books_show_what_the_owner_knows(
    commands: list[Command], lapse_days: int | None
) -> None:
    events = history(commands, lapse_days)
    commitment, shown = DECIDER.fold(events), cells(events)
    for month in MONTHS:
        assert shown["rent", month, "promised"] == commitment.outstanding(month)
        assert shown["rent", month, "delivered"] == delivered(commitment, month)
        assert shown["rent", month, "open"] == -(
            commitment.outstanding(month) + delivered(commitment, month)
        )


@for_all(LISTS, LAPSE_DAYS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(
    commands: list[Command], lapse_days: int | None, random: Random
) -> None:
    events = history(commands, lapse_days)
    shuffled = random.sample(events, len(events))
    assert cells(shuffled) == cells(events)


@for_all(LISTS, LAPSE_DAYS)
def test_at_no_time_is_more_delivered_from_a_promise_than_promised_or_less_than_nothing(
    commands: list[Command], lapse_days: int | None
) -> None:
    events = history(commands, lapse_days)
    for count in range(len(events) + 1):
        commitment, shown = DECIDER.fold(events[:count]), cells(events[:count])
        for month in MONTHS:
            fulfilled = commitment.fulfilled.get(month, 0)
            assert 0 <= fulfilled <= commitment.promised.get(month, 0)
            assert shown["rent", month, "promised"] >= 0
            assert shown["rent", month, "delivered"] >= 0
        assert all(
            delivery.from_promise >= 0 and delivery.beyond >= 0
            for delivery in commitment.deliveries.values()
        )


@for_all(LISTS, LAPSE_DAYS)
def test_what_was_released_is_nobodys_promise(
    commands: list[Command], lapse_days: int | None
) -> None:
    commitment = DECIDER.fold(history(commands, lapse_days))
    assert all(
        commitment.outstanding(month) == 0 for month in MONTHS if commitment.released(month)
    )


@for_all(LISTS, LAPSE_DAYS)
def test_a_gift_stays_a_gift(commands: list[Command], lapse_days: int | None) -> None:
    commitment = DECIDER.fold(history(commands, lapse_days))
    assert all(
        delivery.from_promise == 0 for delivery in commitment.deliveries.values() if delivery.gift
    )


@for_all(LISTS, LAPSE_DAYS)
def test_correcting_to_what_is_known_changes_nothing(
    commands: list[Command], lapse_days: int | None
) -> None:
    commitment = DECIDER.fold(history(commands, lapse_days))
    for delivery_id, delivery in commitment.deliveries.items():
        same = Correct(delivery_id=delivery_id, quantity=delivery.quantity)
        assert DECIDER.decide(same, commitment) == []


@for_all(LISTS, LAPSE_DAYS, DAY)
def test_a_notice_a_release_or_a_lapse_said_twice_changes_nothing(
    commands: list[Command], lapse_days: int | None, day: date
) -> None:
    before = history(commands, lapse_days)
    for command in (Withdraw(notice_on=day), Release(released_on=day), Lapse(today=day)):
        after = [*before, *DECIDER.decide(command, DECIDER.fold(before))]
        assert DECIDER.decide(command, DECIDER.fold(after)) == []
