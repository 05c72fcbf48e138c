"""One agreement of a sponsor at a glance: what it has promised and kept, what is next. Pure."""

from dataclasses import dataclass

from shared.commitments.state import Commitment
from shared.contracts.event import Month


@dataclass(frozen=True, slots=True, kw_only=True)
class Sponsored:
    """Yen, and months with something promised."""

    first_month: Month | None
    last_month: Month | None
    months: int
    promised_yen: int
    """In all, delivered or not."""
    delivered_yen: int
    """With what was beyond the promise, and gifts."""
    overdue_yen: int
    """Of months that have ended."""
    next_due_month: Month | None
    """The first that is not paid in full, overdue ones among them."""
    next_due_yen: int


def at_a_glance(agreement: Commitment, this_month: Month) -> Sponsored:
    promised = {month: yen for month, yen in sorted(agreement.promised.items()) if yen > 0}
    due = {month: agreement.outstanding(month) for month in promised}
    due = {month: yen for month, yen in due.items() if yen > 0}
    next_due_month = min(due, default=None)
    return Sponsored(
        first_month=min(promised, default=None),
        last_month=max(promised, default=None),
        months=len(promised),
        promised_yen=sum(promised.values()),
        delivered_yen=sum(one.quantity for one in agreement.deliveries.values()),
        overdue_yen=sum(yen for month, yen in due.items() if month < this_month),
        next_due_month=next_due_month,
        next_due_yen=0 if next_due_month is None else due[next_due_month],
    )
