"""What a statement says as JSON."""

from datetime import date

from services.ledger.domain.statement_rules import Answer, Item
from shared.contracts.event import Id, Month
from shared.contracts.ledger import Sha256, ValuationBasis, ValuationLevel
from shared.contracts.organisations import Sector
from shared.contracts.resources import Unit
from shared.http.answers import Told
from shared.rules import Confidence


class Provided(Told):
    promised: int
    """Still promised: what has been delivered is not counted again."""
    delivered: int
    """Delivered, and not confirmed yet."""
    confirmed: int
    provided: int
    """Delivered and confirmed together."""


class InUnits(Provided):
    service: str
    sector: Sector | None
    resource: str
    unit: Unit | None


class TotalTold(InUnits):
    level: ValuationLevel | None
    yen: int | None


class MonthTold(Provided):
    month: Month
    era_month: str


class WorthTold(Told):
    """What it is worth by the organisation's word; never added to money."""

    level: ValuationLevel
    rule: str | None
    yen: int | None
    yen_per: int | None
    units: int | None
    basis: ValuationBasis | None
    evidence_sha256: Sha256 | None


class ReceiptTold(Told):
    """Whether a donation receipt may state this."""

    item: Item
    answer: Answer
    yen: int | None
    rule: str
    source: str
    confidence: Confidence


class LineTold(InUnits):
    home_id: Id
    months: list[MonthTold]
    valuation: WorthTold | None
    receipt: list[ReceiptTold]


class Said(Told):
    en: str
    ja: str


class StatementRuleTold(Told):
    key: str
    unit: str
    valid_from: date
    valid_to: date | None
    source: str
    confidence: Confidence
    says: Said


class StatementTold(Told):
    """What an organisation has promised, delivered and had confirmed in a fiscal year."""

    known: str | None
    """As of when; none: now."""
    organisation_id: Id
    fiscal_year: int
    era_fiscal_year: str
    from_month: Month
    through_month: Month
    totals: list[TotalTold]
    lines: list[LineTold]
    rules: list[StatementRuleTold]
