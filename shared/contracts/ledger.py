"""Events that the ledger owns: what is missing, and what does not fit. One stream per home."""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.contracts.event import Event, Id, Month, Quantity, topic_of

OWNER = "ledger"
TOPIC = topic_of(OWNER)


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


EVENTS: tuple[type[Event], ...] = (
    ShortfallOpened,
    ShortfallChanged,
    ShortfallClosed,
    DiscrepancyFound,
    DiscrepancyMended,
)
