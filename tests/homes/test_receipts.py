"""What a home says of a delivery, who may say it, and what moves."""

from dataclasses import replace

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.homes.domain.receipts import (
    RECEIPT,
    Arrival,
    CloseDispute,
    Command,
    ConfirmationBeyondDelivery,
    ConfirmDelivery,
    DelivererReceives,
    DeliveryChanged,
    DeliveryUnknown,
    DisputeDelivery,
    DisputeOpen,
    DisputeUnknown,
    HomeOperatorReceives,
    Receipt,
    ReceiptFact,
    TakeBack,
    TakenBackBeyondConfirmed,
)
from shared.contracts.event import Event, Movement, Place
from shared.contracts.homes import (
    ConfirmationTakenBack,
    DeliveryConfirmed,
    DeliveryDisputed,
    DisputeClosed,
)
from shared.contracts.resources import RENT
from shared.refusal import Refusal
from tests.homes.registered import HOME_ID, OPERATOR
from tests.support.cells import cells
from tests.support.specification import Given

SPONSOR = "company"
VOLUNTEERS = "volunteers"
AUGUST = "2011-08"
PAYMENT = Arrival(
    home_id=HOME_ID,
    delivery_id="payment",
    commitment_id="agreement",
    organisation_id=SPONSOR,
    resource=RENT,
    month=AUGUST,
    quantity=100,
    delivery_version=3,
)
OWN = replace(PAYMENT, organisation_id=OPERATOR)


def confirm(
    quantity: int, *, by: str = OPERATOR, seen: int = 3, arrival: Arrival | None = PAYMENT
) -> ConfirmDelivery:
    return ConfirmDelivery(
        home_id=HOME_ID,
        delivery_id="payment",
        organisation_id=by,
        home_operator_id=OPERATOR,
        arrival=arrival,
        quantity=quantity,
        delivery_version=seen,
    )


def take_back(quantity: int, *, by: str = OPERATOR, arrival: Arrival | None = PAYMENT) -> TakeBack:
    return TakeBack(
        home_id=HOME_ID,
        delivery_id="payment",
        organisation_id=by,
        home_operator_id=OPERATOR,
        arrival=arrival,
        quantity=quantity,
    )


def dispute(
    dispute_id: str = "dispute", *, by: str = OPERATOR, arrival: Arrival | None = PAYMENT
) -> DisputeDelivery:
    return DisputeDelivery(
        home_id=HOME_ID,
        delivery_id="payment",
        organisation_id=by,
        home_operator_id=OPERATOR,
        arrival=arrival,
        dispute_id=dispute_id,
        reason_code="not_received",
    )


def close(
    dispute_id: str = "dispute", *, by: str = OPERATOR, arrival: Arrival | None = PAYMENT
) -> CloseDispute:
    return CloseDispute(
        home_id=HOME_ID,
        delivery_id="payment",
        organisation_id=by,
        home_operator_id=OPERATOR,
        arrival=arrival,
        dispute_id=dispute_id,
    )


def moved(
    moved_from: Place, moved_to: Place, quantity: int, *, whose: str = SPONSOR, version: int = 3
) -> tuple[Movement, ...]:
    return (
        Movement(
            resource=RENT,
            month=AUGUST,
            moved_from=moved_from,
            moved_to=moved_to,
            quantity=quantity,
            organisation_id=whose,
            commitment_id="agreement",
            delivery_id="payment",
            delivery_version=version,
        ),
    )


def confirmed(
    quantity: int, in_all: int, *, by: str = OPERATOR, whose: str = SPONSOR
) -> DeliveryConfirmed:
    return DeliveryConfirmed(
        home_id=HOME_ID,
        delivery_id="payment",
        delivery_version=3,
        quantity=quantity,
        confirmed=in_all,
        confirmed_by=by,
        movements=moved("delivered", "confirmed", quantity, whose=whose),
    )


DISPUTED = DeliveryDisputed(
    home_id=HOME_ID,
    delivery_id="payment",
    dispute_id="dispute",
    reason_code="not_received",
    disputed_by=OPERATOR,
)
SETTLED = DisputeClosed(
    home_id=HOME_ID, delivery_id="payment", dispute_id="dispute", closed_by=OPERATOR
)


def given(*events: ReceiptFact) -> Given[Command, Receipt, ReceiptFact]:
    return Given(RECEIPT, events)


# --- Confirming


def test_the_home_confirms_what_arrived_in_parts_or_whole() -> None:
    given().when(confirm(40)).then(confirmed(40, 40))
    given(confirmed(40, 40)).when(confirm(60)).then(confirmed(60, 100))


def test_no_more_is_confirmed_than_was_delivered() -> None:
    given().when(confirm(101)).then_refused(ConfirmationBeyondDelivery)
    given(confirmed(40, 40)).when(confirm(61)).then_refused(ConfirmationBeyondDelivery)


def test_what_has_changed_since_the_home_saw_it_is_not_confirmed() -> None:
    corrected = replace(PAYMENT, delivery_version=4)
    given().when(confirm(40, arrival=corrected)).then_refused(DeliveryChanged)
    with pytest.raises(DeliveryChanged, match="version 4"):
        RECEIPT.decide(confirm(40, arrival=corrected), Receipt())


@pytest.mark.parametrize("command", [confirm(40, arrival=None), take_back(40, arrival=None)])
def test_a_delivery_that_no_event_has_told_of_is_not_known(command: Command) -> None:
    given().when(command).then_refused(DeliveryUnknown)


def test_a_delivery_to_another_home_is_not_known_here() -> None:
    elsewhere = replace(PAYMENT, home_id="yama-no-ie")
    given().when(confirm(40, arrival=elsewhere)).then_refused(DeliveryUnknown)


# --- Who


def everything_said(by: str, arrival: Arrival) -> list[Command]:
    return [
        confirm(40, by=by, arrival=arrival),
        take_back(40, by=by, arrival=arrival),
        dispute(by=by, arrival=arrival),
        close(by=by, arrival=arrival),
    ]


@pytest.mark.parametrize("command", everything_said(SPONSOR, PAYMENT))
def test_whoever_delivered_does_not_say_what_became_of_it(command: Command) -> None:
    given(confirmed(40, 40), DISPUTED).when(command).then_refused(DelivererReceives)


@pytest.mark.parametrize("command", everything_said(OPERATOR, OWN))
def test_nor_does_the_homes_operator_of_its_own_deliveries(command: Command) -> None:
    given(confirmed(40, 40), DISPUTED).when(command).then_refused(DelivererReceives)


@pytest.mark.parametrize("command", everything_said(VOLUNTEERS, PAYMENT))
def test_of_others_deliveries_the_homes_operator_alone_says_it(command: Command) -> None:
    given(confirmed(40, 40), DISPUTED).when(command).then_refused(HomeOperatorReceives)


def test_what_the_operator_itself_delivered_another_party_confirms() -> None:
    by_another = confirm(40, by=VOLUNTEERS, arrival=OWN)
    given().when(by_another).then(confirmed(40, 40, by=VOLUNTEERS, whose=OPERATOR))


# --- Taking back


def test_what_was_confirmed_wrongly_is_taken_back_at_the_version_known_now() -> None:
    corrected = replace(PAYMENT, quantity=50, delivery_version=4)
    given(confirmed(80, 80)).when(take_back(30, arrival=corrected)).then(
        ConfirmationTakenBack(
            home_id=HOME_ID,
            delivery_id="payment",
            quantity=30,
            confirmed=50,
            taken_back_by=OPERATOR,
            movements=moved("confirmed", "delivered", 30, version=4),
        )
    )


def test_no_more_is_taken_back_than_was_confirmed() -> None:
    given(confirmed(40, 40)).when(take_back(41)).then_refused(TakenBackBeyondConfirmed)


# --- Disputes


def test_a_dispute_moves_nothing() -> None:
    given().when(dispute()).then(DISPUTED)
    given(DISPUTED).when(close()).then(SETTLED)
    assert DISPUTED.movements == SETTLED.movements == ()


def test_a_dispute_said_or_closed_again_says_nothing_new() -> None:
    given(DISPUTED).when(dispute()).then()
    given(DISPUTED, SETTLED).when(close()).then()


def test_a_delivery_is_disputed_once_at_a_time() -> None:
    given(DISPUTED).when(dispute("another")).then_refused(DisputeOpen)
    again = DISPUTED.model_copy(update={"dispute_id": "another"})
    given(DISPUTED, SETTLED).when(dispute("another")).then(again)


def test_a_dispute_that_nobody_opened_is_not_closed() -> None:
    given().when(close()).then_refused(DisputeUnknown)


def test_what_is_disputed_may_still_be_confirmed_in_part() -> None:
    given(DISPUTED).when(confirm(40)).then(confirmed(40, 40))


# --- Any story at all


@for_all(st.lists(st.tuples(st.booleans(), st.integers(1, 60), st.integers(0, 120)), max_size=15))
def test_what_stands_confirmed_is_what_has_moved_and_never_more_than_was_delivered(
    acts: list[tuple[bool, int, int]],
) -> None:
    receipt, events = Receipt(), list[Event]()
    for confirms, quantity, delivered in acts:
        arrival = replace(PAYMENT, quantity=delivered)
        act = confirm if confirms else take_back
        try:
            said = RECEIPT.decide(act(quantity, arrival=arrival), receipt)
        except Refusal:
            continue
        receipt = RECEIPT.fold(said, onto=receipt)
        events += said
        assert receipt.confirmed >= 0
        assert not confirms or receipt.confirmed <= delivered
    assert cells(events)[RENT, AUGUST, "confirmed"] == receipt.confirmed
