"""Events that the ledger owns: what is missing, what does not fit, what is sealed.

One stream per home.
"""

from typing import Annotated, ClassVar, TypeAlias

from pydantic import Field

from shared.contracts.event import Event, Id, Month, Quantity, topic_of

OWNER = "ledger"
TOPIC = topic_of(OWNER)

Sha256: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class LedgerEvent(Event):
    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "ledger"
    identity_field: ClassVar[str] = "home_id"
    key_field: ClassVar[str] = "home_id"

    home_id: Id


class ShortfallEvent(LedgerEvent):
    resource: Id
    month: Month
    episode: Annotated[int, Field(gt=0)]
    """Counts the shortfalls of this home, resource and month."""


class ShortfallOpened(ShortfallEvent):
    """Units that nobody has promised stand open."""

    quantity: Quantity


class ShortfallChanged(ShortfallEvent):
    """More or fewer units stand open than said before."""

    quantity: Quantity


class ShortfallClosed(ShortfallEvent):
    """Nothing stands open any more."""


class DiscrepancyEvent(LedgerEvent):
    delivery_id: Id
    episode: Annotated[int, Field(gt=0)]
    """Counts the discrepancies of this delivery."""


class DiscrepancyFound(DiscrepancyEvent):
    """More of a delivery stands confirmed than its owner says was delivered."""

    excess: Quantity


class DiscrepancyMended(DiscrepancyEvent):
    """One side has set it right."""


class MonthSealed(LedgerEvent):
    """A month of the business date has ended: the home's chain up to its last day has one hash.

    `docs/chain.md` says how it is made. Whoever keeps it can show later that no link up to it was
    altered, added or taken away.
    """

    month: Month
    links: Annotated[int, Field(gt=0)]
    """The number of the last link that was booked by the month's last day."""
    link_hash: Sha256
    """That link's."""
    seal_hash: Sha256
    """Of this seal, and through it of all before."""


class DoubleFundingEvent(LedgerEvent):
    resource: Id
    month: Month
    episode: Annotated[int, Field(gt=0)]
    """Counts how often this home, resource and month was funded twice."""


class DoubleFundingFound(DoubleFundingEvent):
    """Public support and a sponsor both stand as having delivered, beyond what is required."""

    excess: Quantity
    """What stands beyond what is required, as long as both stand for something."""
    organisations: tuple[Id, ...]
    """All who stand as having delivered."""


class DoubleFundingMended(DoubleFundingEvent):
    """Nothing stands funded twice any more: one was corrected, or more is required."""


EVENTS: tuple[type[Event], ...] = (
    ShortfallOpened,
    ShortfallChanged,
    ShortfallClosed,
    DiscrepancyFound,
    DiscrepancyMended,
    MonthSealed,
    DoubleFundingFound,
    DoubleFundingMended,
)
