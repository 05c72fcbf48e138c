"""Events that the ledger owns: what is missing, what does not fit, what is sealed, what is valued.

One stream per home, and one per organisation that values what it contributes.
"""

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from shared.contracts.event import Day, Event, Id, Month, Quantity, topic_of

OWNER = "ledger"
TOPIC = topic_of(OWNER)

Sha256: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


ValuationLevel: TypeAlias = Literal["not_valued", "in_notes", "recognised"]
"""Shown in its own unit alone; disclosed in the notes; in the statement of activities as well."""
ValuationBasis: TypeAlias = Literal[
    "minimum_wage", "wage_statistics", "market_price", "price_list", "own_calculation"
]


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


class ValuationDeclared(Event):
    """An organisation has said how its contributions of a resource are valued for a fiscal year.

    It replaces what the organisation had said before of the same resource and year.
    """

    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "valuation"
    identity_field: ClassVar[str] = "organisation_id"
    key_field: ClassVar[str] = "organisation_id"

    organisation_id: Id
    resource: Id
    fiscal_year: Annotated[int, Field(ge=1000, le=9998)]
    """The year in which it begins, in April."""
    declared_on: Day
    """On which business date."""
    level: ValuationLevel
    yen: Quantity | None = None
    """The value of `per_units`; none where it is not valued."""
    per_units: Quantity | None = None
    """In the resource's own unit: 1,000 yen for 60 minutes."""
    basis: ValuationBasis | None = None
    evidence_sha256: Sha256 | None = None
    """Hash of what the value rests on, which stays with the organisation."""


EVENTS: tuple[type[Event], ...] = (
    ShortfallOpened,
    ShortfallChanged,
    ShortfallClosed,
    DiscrepancyFound,
    DiscrepancyMended,
    MonthSealed,
    DoubleFundingFound,
    DoubleFundingMended,
    ValuationDeclared,
)
