"""What the ledger answers: cells, entries, what is missing, and what became of events."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.ledger.domain.movements import Place
from shared.contracts.event import Id, Month, Quantity, Total
from shared.contracts.ledger import Sha256, ValuationBasis, ValuationLevel
from shared.contracts.resources import Unit
from shared.http.answers import Done, Page, Told


class Places(Told):
    """Where every unit is: required = open + promised + delivered + confirmed."""

    required: int
    open: int
    """Below zero: a surplus."""
    promised: int
    delivered: int
    confirmed: int


class CellTold(Places):
    month: Month
    resource: str
    unit: Unit | None
    fiscal_year: int
    era_month: str


class Moved(Places):
    """Units that changed their place, and what their cell had come to by then."""

    number: int
    """Of the link: the event's place in its home's chain."""
    position: int
    resource: str
    month: Month
    moved_from: Place
    moved_to: Place
    quantity: Quantity
    organisation_id: str | None
    commitment_id: str | None
    delivery_id: str | None
    event_id: UUID
    type: str
    stream: str
    version: int
    correlation: str
    causation: UUID | None
    recorded_at: str
    booked_at: str
    business_date: date


class EntryTold(Moved):
    home_id: Id
    delivery_version: int | None


class RestatedEntry(Moved):
    kind: str
    """Why it changed: `delivery`, `late_delivery`, `retroactive_price`, `correction`, …"""
    late: bool
    cause_type: str | None


class RestatedTotal(Told):
    resource: str
    month: Month
    unit: Unit | None
    fiscal_year: int
    era_month: str
    before: Places
    after: Places
    difference: Places


class RestatementPage(Page[RestatedEntry]):
    """What changed, entry by entry; beside it what each resource came to before and after."""

    totals: list[RestatedTotal]


class OutcomeTold(Told):
    """What became of an event; where it touched a home, its place in the home's chain."""

    event_id: UUID
    outcome: str
    """`unknown`: the ledger has not heard of it yet."""
    home_id: str | None = None
    number: int | None = None
    booked_at: str | None = None


class ShortfallTold(Told):
    home_id: Id
    month: Month
    resource: str
    quantity: int
    episode: int
    unit: Unit | None
    fiscal_year: int
    era_month: str


class DiscrepancyTold(Told):
    kind: Literal["confirmation", "double_funding"]
    home_id: Id
    delivery_id: str | None
    resource: str | None
    month: Month | None
    organisations: list[str] | None
    excess: int
    episode: int


class SealTold(Told):
    """One hash over a home's links up to a month's end; `docs/chain.md` says how it is made."""

    home_id: Id
    month: Month
    links: int
    link_hash: Sha256
    seal_hash: Sha256
    sealed_at: datetime


class ValuationAnswer(Done):
    organisation_id: Id
    resource: Id
    fiscal_year: int


class ValuationTold(Told):
    resource: Id
    fiscal_year: int
    declared_on: date
    level: ValuationLevel
    yen: Total | None
    per_units: Total | None
    basis: ValuationBasis | None
    evidence_sha256: Sha256 | None
