"""One organisation's commitment to one home, as its own events tell it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from shared.contracts.commitment import (
    Agreed,
    CommitmentFact,
    Corrected,
    Delivered,
    DisputeAnswered,
    Lapsed,
    Promised,
    Withdrawn,
)
from shared.contracts.event import Month


@dataclass(frozen=True, slots=True)
class Delivery:
    month: Month
    from_promise: int
    beyond: int
    gift: bool
    evidence_sha256: str | None = None
    evidence_id: str | None = None

    @property
    def quantity(self) -> int:
        return self.from_promise + self.beyond

    def beyond_change(self, change: int) -> int:
        """Take back first what was beyond the promise; a gift stays a gift, both ways."""
        return change if self.gift else max(min(change, 0), -self.beyond)


@dataclass(frozen=True, slots=True)
class Commitment:
    terms: Agreed | None = None
    promised: Mapping[Month, int] = field(default_factory=dict)
    """In all, delivered or not."""
    fulfilled: Mapping[Month, int] = field(default_factory=dict)
    """Of what was promised, delivered."""
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)
    withdrawn_from: Month | None = None
    lapsed: frozenset[Month] = frozenset()

    def released(self, month: Month) -> bool:
        """Whether what returns to this month's promise is nobody's any more."""
        withdrawn = self.withdrawn_from is not None and month >= self.withdrawn_from
        return withdrawn or month in self.lapsed

    def outstanding(self, month: Month) -> int:
        """Promised for the month and not delivered yet."""
        return self.promised.get(month, 0) - self.fulfilled.get(month, 0)


def evolve(commitment: Commitment, event: CommitmentFact) -> Commitment:
    match event:
        case Agreed():
            return replace(commitment, terms=event)
        case Promised():
            changed = {total.month: total.quantity for total in event.promised}
            return replace(
                commitment,
                promised={**commitment.promised, **changed},
                lapsed=commitment.lapsed - changed.keys(),
            )
        case Delivered():
            delivery = Delivery(
                month=event.month,
                from_promise=event.quantity - event.beyond_promise,
                beyond=event.beyond_promise,
                gift=event.gift,
                evidence_sha256=event.evidence_sha256,
                evidence_id=event.evidence_id,
            )
            return _with_delivery(commitment, event.delivery_id, delivery)
        case Corrected():
            before = commitment.deliveries[event.delivery_id]
            after = replace(
                before,
                from_promise=event.quantity - event.beyond_promise,
                beyond=event.beyond_promise,
            )
            return _settle(_with_delivery(commitment, event.delivery_id, after), event.month)
        case Withdrawn():
            withdrawn = replace(commitment, withdrawn_from=event.from_month)
            return _settle(withdrawn, *withdrawn.promised)
        case Lapsed():
            lapsed = replace(commitment, lapsed=commitment.lapsed | {event.month})
            return _settle(lapsed, event.month)
        case DisputeAnswered():
            return commitment
        case _:
            assert_never(event)


def _with_delivery(commitment: Commitment, delivery_id: str, after: Delivery) -> Commitment:
    before = commitment.deliveries.get(delivery_id)
    change = after.from_promise - (before.from_promise if before else 0)
    fulfilled = commitment.fulfilled.get(after.month, 0) + change
    return replace(
        commitment,
        deliveries={**commitment.deliveries, delivery_id: after},
        fulfilled={**commitment.fulfilled, after.month: fulfilled},
    )


def _settle(commitment: Commitment, *months: Month) -> Commitment:
    """In a month that was released, no more is promised than was delivered."""
    settled = {
        month: commitment.fulfilled.get(month, 0) for month in months if commitment.released(month)
    }
    return replace(commitment, promised={**commitment.promised, **settled})
