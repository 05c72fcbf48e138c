"""What each act on a commitment decides, and which units it moves (design: movements)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Final, TypeAlias, TypedDict, assert_never

from shared.calendar import first_month_after_notice, last_day, month_of, months_through
from shared.commitments.commands import (
    Agree,
    AnswerDispute,
    Command,
    CommitmentKnown,
    CommitmentUnknown,
    CommitmentWithdrawn,
    Correct,
    CorrectionBelowConfirmed,
    Deliver,
    DeliveryBeyondPromise,
    DeliveryKnown,
    DeliveryUnknown,
    DisputeUnknown,
    EvidenceWithoutHash,
    ImpossibleQuantity,
    Lapse,
    Promise,
    PromiseBelowDelivered,
    PromiseBeyondCap,
    PromiseBeyondNeed,
    PromiseOfNothing,
    Release,
    Withdraw,
    refuse_unless_open,
)
from shared.commitments.state import Commitment, evolve
from shared.contracts.commitment import (
    Agreed,
    CommitmentFact,
    Corrected,
    Delivered,
    DisputeAnswered,
    Lapsed,
    MonthTotal,
    Promised,
    WithdrawalCode,
    Withdrawn,
)
from shared.contracts.event import QUANTITY_MAX, Month, Movement, Place
from shared.decider import Decider

MONTHS_MAX: Final = 120

Way: TypeAlias = tuple[Place, Place]
Act: TypeAlias = Promise | Deliver | Correct | Withdraw | Release | Lapse | AnswerDispute


class Names(TypedDict):
    commitment_id: str
    home_id: str
    organisation_id: str


TO_PROMISED: Final[Way] = ("open", "promised")
TO_DELIVERED: Final[Way] = ("promised", "delivered")
TO_DELIVERED_BEYOND: Final[Way] = ("open", "delivered")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that one sector gives to what happens to its commitments."""

    agreed: type[Agreed]
    promised: type[Promised]
    delivered: type[Delivered]
    corrected: type[Corrected]
    withdrawn: type[Withdrawn]
    lapsed: type[Lapsed]
    answered: type[DisputeAnswered]

    @property
    def category(self) -> str:
        return self.agreed.category

    def decider(self) -> Decider[Command, Commitment, CommitmentFact]:
        def decide(command: Command, commitment: Commitment) -> Sequence[CommitmentFact]:
            if isinstance(command, Agree):
                return _agree(self, command, commitment)
            if commitment.terms is None:
                raise CommitmentUnknown
            return Decision(self, commitment, commitment.terms).on(command)

        return Decider(decide, evolve, initial=Commitment())


def _agree(words: Vocabulary, command: Agree, commitment: Commitment) -> Sequence[CommitmentFact]:
    refuse_unless_open(command.home_status)
    agreed = words.agreed(
        commitment_id=command.commitment_id,
        home_id=command.home_id,
        organisation_id=command.organisation_id,
        resource=command.resource,
        agreed_on=command.agreed_on,
        notice_months=command.notice_months,
        lapse_days=command.lapse_days,
        cap=command.cap,
        fallback_sector=command.fallback_sector,
        publicity=command.publicity,
    )
    if commitment.terms is None:
        return [agreed]
    if commitment.terms == agreed:
        return []
    raise CommitmentKnown(command.commitment_id)


@dataclass(frozen=True, slots=True)
class Decision:
    """One act on a commitment that has been agreed."""

    words: Vocabulary
    commitment: Commitment
    terms: Agreed

    def on(self, command: Act) -> Sequence[CommitmentFact]:
        match command:
            case Promise():
                return self._promise(command)
            case Deliver():
                return self._deliver(command)
            case Correct():
                return self._correct(command)
            case Withdraw():
                return self._withdraw(command)
            case Release():
                return self._release(command)
            case Lapse():
                return self._lapse(command)
            case AnswerDispute():
                return self._answer(command)
            case _:
                assert_never(command)

    def _promise(self, command: Promise) -> Sequence[CommitmentFact]:
        if not 0 <= command.quantity <= QUANTITY_MAX:
            raise ImpossibleQuantity(command.quantity)
        changes = {
            month: command.quantity - self.commitment.promised.get(month, 0)
            for month in self._months(command)
        }
        changes = {month: change for month, change in changes.items() if change}
        for month, change in changes.items():
            self._refuse_promise(command, month, change)
        if not changes:
            return []
        return [
            self.words.promised(
                **self._names(),
                promised=tuple(
                    MonthTotal(month=month, quantity=command.quantity) for month in changes
                ),
                beyond_need=command.beyond_need,
                movements=tuple(
                    movement
                    for month, change in changes.items()
                    for movement in self._moved(month, TO_PROMISED, change)
                ),
            )
        ]

    def _months(self, command: Promise) -> Sequence[Month]:
        if command.through_month is None:
            months = sorted(m for m in self.commitment.promised if m >= command.from_month)
        else:
            months = list(
                islice(months_through(command.from_month, command.through_month), MONTHS_MAX + 1)
            )
        if not 0 < len(months) <= MONTHS_MAX:
            raise PromiseOfNothing(command.from_month)
        return months

    def _refuse_promise(self, command: Promise, month: Month, change: int) -> None:
        withdrawn_from = self.commitment.withdrawn_from
        if withdrawn_from is not None and month >= withdrawn_from:
            raise CommitmentWithdrawn(month)
        if self.commitment.outstanding(month) + change < 0:
            raise PromiseBelowDelivered(month)
        if change > 0:
            refuse_unless_open(command.home_status)
            if self.terms.cap is not None and command.quantity > self.terms.cap:
                raise PromiseBeyondCap(month)
            if not command.beyond_need and command.quantity > command.required.get(month, 0):
                raise PromiseBeyondNeed(month)

    def _deliver(self, command: Deliver) -> Sequence[CommitmentFact]:
        if command.delivery_id in self.commitment.deliveries:
            raise DeliveryKnown(command.delivery_id)
        beyond = command.quantity if command.gift else command.beyond_promise
        if not 0 <= beyond <= command.quantity <= QUANTITY_MAX or command.quantity == 0:
            raise ImpossibleQuantity(command.quantity)
        if command.evidence_id is not None and command.evidence_sha256 is None:
            raise EvidenceWithoutHash(command.evidence_id)
        from_promise = command.quantity - beyond
        if from_promise > self.commitment.outstanding(command.month):
            raise DeliveryBeyondPromise(command.month)
        delivery_id = command.delivery_id
        return [
            self.words.delivered(
                **self._names(),
                delivery_id=delivery_id,
                month=command.month,
                quantity=command.quantity,
                beyond_promise=beyond,
                gift=command.gift,
                delivered_on=command.delivered_on,
                evidence_sha256=command.evidence_sha256,
                evidence_id=command.evidence_id,
                movements=(
                    *self._moved(command.month, TO_DELIVERED, from_promise, delivery_id),
                    *self._moved(command.month, TO_DELIVERED_BEYOND, beyond, delivery_id),
                ),
            )
        ]

    def _correct(self, command: Correct) -> Sequence[CommitmentFact]:
        delivery_id = command.delivery_id
        delivery = self.commitment.deliveries.get(delivery_id)
        if delivery is None:
            raise DeliveryUnknown(delivery_id)
        if not 0 <= command.quantity <= QUANTITY_MAX:
            raise ImpossibleQuantity(command.quantity)
        if command.quantity < min(command.confirmed, delivery.quantity):
            raise CorrectionBelowConfirmed(command.confirmed)
        change = command.quantity - delivery.quantity
        if change == 0:
            return []
        beyond_change = delivery.beyond_change(change)
        promised_change = change - beyond_change
        month = delivery.month
        if promised_change > max(self.commitment.outstanding(month), 0):
            raise DeliveryBeyondPromise(month)
        # A promise that was released takes nothing back: what returns is nobody's any more.
        way = TO_DELIVERED_BEYOND if self.commitment.released(month) else TO_DELIVERED
        return [
            self.words.corrected(
                **self._names(),
                delivery_id=delivery_id,
                month=month,
                quantity=command.quantity,
                beyond_promise=delivery.beyond + beyond_change,
                movements=(
                    *self._moved(month, TO_DELIVERED_BEYOND, beyond_change, delivery_id),
                    *self._moved(month, way, promised_change, delivery_id),
                ),
            )
        ]

    def _withdraw(self, command: Withdraw) -> Sequence[CommitmentFact]:
        from_month = first_month_after_notice(command.notice_on, self.terms.notice_months)
        withdrawn_from = self.commitment.withdrawn_from
        if withdrawn_from is not None and withdrawn_from <= from_month:
            return []
        return [self._withdrawn(command.notice_on, from_month, "notice")]

    def _release(self, command: Release) -> Sequence[CommitmentFact]:
        """No notice is kept to: there is no home to keep it to, nor one to promise more to."""
        from_month = min([month_of(command.released_on), *self.commitment.promised])
        withdrawn_from = self.commitment.withdrawn_from
        if withdrawn_from is not None and withdrawn_from <= from_month:
            return []
        return [self._withdrawn(command.released_on, from_month, "opening_failed")]

    def _withdrawn(
        self, notice_on: date, from_month: Month, reason_code: WithdrawalCode
    ) -> Withdrawn:
        return self.words.withdrawn(
            **self._names(),
            notice_on=notice_on,
            from_month=from_month,
            reason_code=reason_code,
            movements=tuple(
                movement
                for month in sorted(self.commitment.promised)
                if month >= from_month
                for movement in self._released(month)
            ),
        )

    def _lapse(self, command: Lapse) -> Sequence[CommitmentFact]:
        if self.terms.lapse_days is None:
            return []
        grace = timedelta(days=self.terms.lapse_days)
        return [
            self.words.lapsed(**self._names(), month=month, movements=self._released(month))
            for month in sorted(self.commitment.promised)
            if last_day(month) + grace < command.today and self.commitment.outstanding(month) > 0
        ]

    def _answer(self, command: AnswerDispute) -> Sequence[CommitmentFact]:
        if command.delivery_id not in self.commitment.deliveries:
            raise DeliveryUnknown(command.delivery_id)
        if not command.disputed:
            raise DisputeUnknown(command.dispute_id)
        return [
            self.words.answered(
                **self._names(),
                delivery_id=command.delivery_id,
                dispute_id=command.dispute_id,
                reason_code=command.reason_code,
            )
        ]

    def _names(self) -> Names:
        return {
            "commitment_id": self.terms.commitment_id,
            "home_id": self.terms.home_id,
            "organisation_id": self.terms.organisation_id,
        }

    def _released(self, month: Month) -> tuple[Movement, ...]:
        return self._moved(month, TO_PROMISED, -self.commitment.outstanding(month))

    def _moved(
        self, month: Month, way: Way, quantity: int, delivery_id: str | None = None
    ) -> tuple[Movement, ...]:
        """One movement, back where the quantity is negative, none where it is zero."""
        if quantity == 0:
            return ()
        moved_from, moved_to = way if quantity > 0 else way[::-1]
        return (
            Movement(
                resource=self.terms.resource,
                month=month,
                moved_from=moved_from,
                moved_to=moved_to,
                quantity=abs(quantity),
                organisation_id=self.terms.organisation_id,
                commitment_id=self.terms.commitment_id,
                delivery_id=delivery_id,
            ),
        )
