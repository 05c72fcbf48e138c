"""What a home says of a delivery: it has received it, or it disputes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, TypedDict, assert_never

from shared.contracts.commitment import ReasonCode
from shared.contracts.event import Month, Movement, Place
from shared.contracts.homes import (
    ConfirmationTakenBack,
    DeliveryConfirmed,
    DeliveryDisputed,
    DisputeClosed,
)
from shared.decider import Aggregate, Decider
from shared.refusal import NotFound, Refusal

# --- Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A delivery as far as its owner's events have told."""

    home_id: str
    delivery_id: str
    commitment_id: str
    organisation_id: str
    resource: str
    month: Month
    quantity: int
    delivery_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """Who speaks for which home about a delivery, and what is known of it."""

    home_id: str
    delivery_id: str
    organisation_id: str
    """Who speaks: party to the home, which the shell has asked."""
    home_operator_id: str
    arrival: Arrival | None
    """None: no event has told of such a delivery yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmDelivery(Receiving):
    quantity: int
    delivery_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack(Receiving):
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeDelivery(Receiving):
    dispute_id: str
    reason_code: ReasonCode


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDispute(Receiving):
    dispute_id: str


Command: TypeAlias = ConfirmDelivery | TakeBack | DisputeDelivery | CloseDispute
ReceiptFact: TypeAlias = (
    DeliveryConfirmed | ConfirmationTakenBack | DeliveryDisputed | DisputeClosed
)

# --- Refusals


class DeliveryUnknown(NotFound):
    """No delivery to this home is known under this id; word of it may still be on its way."""


class DeliveryChanged(Refusal):
    """What is confirmed is the delivery as it stands now; it has changed since you saw it."""

    japanese = "確認できるのは今の提供です。ご覧になった後に変わっています。"


class ConfirmationBeyondDelivery(Refusal):
    """No more of a delivery is confirmed than was delivered."""

    japanese = "提供された量を超えて確認することはできません。"


class TakenBackBeyondConfirmed(Refusal):
    """No more is taken back than was confirmed."""

    japanese = "確認した量を超えて取り消すことはできません。"


class DelivererReceives(Refusal):
    """Whoever delivered does not say what became of it: another party to the home does."""

    status = 403
    japanese = "提供した団体自身は受領を述べられません。ホームの他の当事者が行います。"


class HomeOperatorReceives(Refusal):
    """The home's own operator says what became of a delivery, unless it delivered it itself."""

    status = 403
    japanese = "受領は、自ら提供したものを除き、ホームの事業者が述べます。"


class DisputeUnknown(NotFound):
    """Nobody has disputed the delivery under this id."""


class DisputeOpen(Refusal):
    """A delivery is disputed once at a time: the open dispute is closed first."""

    japanese = "異議は一つの提供に一度に一つです。先に今の異議を閉じてください。"


# --- State


@dataclass(frozen=True, slots=True)
class Receipt:
    confirmed: int = 0
    disputes: Mapping[str, bool] = field(default_factory=dict)
    """Whether each is open."""


def evolve(receipt: Receipt, event: ReceiptFact) -> Receipt:
    match event:
        case DeliveryConfirmed() | ConfirmationTakenBack():
            return replace(receipt, confirmed=event.confirmed)
        case DeliveryDisputed():
            return replace(receipt, disputes={**receipt.disputes, event.dispute_id: True})
        case DisputeClosed():
            return replace(receipt, disputes={**receipt.disputes, event.dispute_id: False})
        case _:
            assert_never(event)


# --- Decisions


class Names(TypedDict):
    home_id: str
    delivery_id: str


def decide(command: Command, receipt: Receipt) -> Sequence[ReceiptFact]:
    arrival = command.arrival
    if arrival is None or arrival.home_id != command.home_id:
        raise DeliveryUnknown(command.delivery_id)
    _refuse_wrong_side(command, arrival)
    names: Names = {"home_id": command.home_id, "delivery_id": command.delivery_id}
    who = command.organisation_id
    match command:
        case ConfirmDelivery():
            return _confirm(command, receipt, arrival, names)
        case TakeBack():
            return _take_back(command, receipt, arrival, names)
        case DisputeDelivery(dispute_id=dispute_id, reason_code=reason_code):
            if dispute_id in receipt.disputes:
                return []
            if any(receipt.disputes.values()):
                raise DisputeOpen
            return [
                DeliveryDisputed(
                    **names, dispute_id=dispute_id, reason_code=reason_code, disputed_by=who
                )
            ]
        case CloseDispute(dispute_id=dispute_id):
            if dispute_id not in receipt.disputes:
                raise DisputeUnknown(dispute_id)
            if not receipt.disputes[dispute_id]:
                return []
            return [DisputeClosed(**names, dispute_id=dispute_id, closed_by=who)]
        case _:
            assert_never(command)


def _confirm(
    command: ConfirmDelivery, receipt: Receipt, arrival: Arrival, names: Names
) -> Sequence[ReceiptFact]:
    if command.delivery_version != arrival.delivery_version:
        raise DeliveryChanged(f"version {arrival.delivery_version}")
    confirmed = receipt.confirmed + command.quantity
    if confirmed > arrival.quantity:
        raise ConfirmationBeyondDelivery(f"left: {max(0, arrival.quantity - receipt.confirmed)}")
    return [
        DeliveryConfirmed(
            **names,
            delivery_version=command.delivery_version,
            quantity=command.quantity,
            confirmed=confirmed,
            confirmed_by=command.organisation_id,
            movements=_moved(arrival, "delivered", "confirmed", command.quantity),
        )
    ]


def _take_back(
    command: TakeBack, receipt: Receipt, arrival: Arrival, names: Names
) -> Sequence[ReceiptFact]:
    if command.quantity > receipt.confirmed:
        raise TakenBackBeyondConfirmed(f"confirmed: {receipt.confirmed}")
    return [
        ConfirmationTakenBack(
            **names,
            quantity=command.quantity,
            confirmed=receipt.confirmed - command.quantity,
            taken_back_by=command.organisation_id,
            movements=_moved(arrival, "confirmed", "delivered", command.quantity),
        )
    ]


def _refuse_wrong_side(command: Command, arrival: Arrival) -> None:
    if command.organisation_id == arrival.organisation_id:
        raise DelivererReceives
    operator_delivered = arrival.organisation_id == command.home_operator_id
    if command.organisation_id != command.home_operator_id and not operator_delivered:
        raise HomeOperatorReceives


def _moved(
    arrival: Arrival, moved_from: Place, moved_to: Place, quantity: int
) -> tuple[Movement, ...]:
    return (
        Movement(
            resource=arrival.resource,
            month=arrival.month,
            moved_from=moved_from,
            moved_to=moved_to,
            quantity=quantity,
            organisation_id=arrival.organisation_id,
            commitment_id=arrival.commitment_id,
            delivery_id=arrival.delivery_id,
            delivery_version=arrival.delivery_version,
        ),
    )


RECEIPT: Final[Decider[Command, Receipt, ReceiptFact]] = Decider(decide, evolve, initial=Receipt())
RECEIPTS: Final = Aggregate(DeliveryConfirmed.category, RECEIPT)
