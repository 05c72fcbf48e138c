"""Which months of a home are to be sealed, and their seals, one tied to the next. Pure."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from services.ledger.domain.links import seal_hash
from shared.calendar import add_months, month_of, months_through
from shared.contracts.event import Month
from shared.contracts.ledger import MonthSealed


class Seal(NamedTuple):
    """A home's links up to the end of a month under one hash; as it is written."""

    home_id: str
    month: Month
    links: int
    link_hash: bytes
    hash: bytes

    def event(self) -> MonthSealed:
        return MonthSealed(
            home_id=self.home_id,
            month=self.month,
            links=self.links,
            link_hash=self.link_hash.hex(),
            seal_hash=self.hash.hex(),
        )


def last_ended(today: date) -> Month:
    """The month that has ended last: none takes in what is booked today."""
    return add_months(month_of(today), -1)


def due(began_on: date, sealed: Month | None, through: Month) -> Iterator[Month]:
    """The months without a seal, in order, from that of the first link, also where it is quiet."""
    first = month_of(began_on) if sealed is None else add_months(sealed, 1)
    return months_through(first, through)


def seal(previous: bytes | None, home_id: str, month: Month, links: int, link_hash: bytes) -> Seal:
    """Tie a month's seal to the one before it; none is before the first."""
    sealed = seal_hash(previous, home_id, month, links, link_hash)
    return Seal(home_id, month, links, link_hash, sealed)
