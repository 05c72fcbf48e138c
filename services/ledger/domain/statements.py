"""What an organisation has promised, delivered and had confirmed in a fiscal year. Pure.

Quantities are added within one resource, so within one unit, and never across.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final, NamedTuple

from services.ledger.domain.double_funding import PUBLIC_TOPICS
from services.ledger.domain.statement_rules import (
    Kind,
    Level,
    ReceiptItem,
    StatementRules,
    Text,
    kind_of,
)
from services.ledger.domain.valuations import Valuations
from shared.calendar import last_day, months_of
from shared.contracts.event import Month
from shared.contracts.ledger import ValuationDeclared, ValuationLevel
from shared.contracts.organisations import Sector
from shared.contracts.resources import CATALOGUE, Unit
from shared.refusal import Invalid
from shared.rules import NoRuleInForce, Rule

FIRST_YEAR: Final = 1927
LAST_YEAR: Final = 9998

SECTOR_OF: Final[Mapping[str, Sector]] = {
    "yui.government_sponsorship.v1": "government",
    "yui.nonprofit_staffing.v1": "nonprofit",
    "yui.rent_sponsorship.v1": "company",
    "yui.volunteers.v1": "volunteers",
}
"""In which sector an organisation acts when it contributes by a service of ours."""


class FiscalYearUnknown(Invalid):
    """A fiscal year is named by the year in which it begins, 2011 for April 2011 to March 2012."""

    japanese = "年度は始まる年で示します。2011は2011年4月から2012年3月までです。"


def read_fiscal_year(told: str) -> int:
    """Read a year of four digits, within the eras that are known."""
    if not (told.isascii() and told.isdecimal() and len(told) == len("2011")):
        raise FiscalYearUnknown
    year = int(told)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise FiscalYearUnknown
    return year


def closing_day(fiscal_year: int) -> date:
    """The day whose rules a year's statement goes by: its last."""
    return last_day(months_of(fiscal_year)[1])


class Contributed(NamedTuple):
    """What one organisation's entries of a home, resource and month come to, by one service."""

    home_id: str
    resource: str
    topic: str
    month: Month
    promised: int
    delivered: int
    confirmed: int

    @property
    def provided(self) -> int:
        return self.delivered + self.confirmed


@dataclass(frozen=True, slots=True)
class Worth:
    """At which level a line is valued, by whose word and which rule."""

    level: ValuationLevel
    rule: Level | None
    """None: no rule is known for the year."""
    declared: ValuationDeclared | None
    """None: nothing was declared, so nothing is valued."""
    yen: int | None
    """Of what was provided, rounded down; never added to money."""


@dataclass(frozen=True, slots=True)
class Line:
    """One home and resource, as the organisation contributed to it in one sector."""

    home_id: str
    resource: str
    topic: str
    unit: Unit | None
    kind: Kind | None
    months: Sequence[Contributed]
    worth: Worth | None
    """None where it is money."""
    receipt: Sequence[ReceiptItem]

    @property
    def service(self) -> str:
        return self.topic.split(".")[1] if self.topic.count(".") > 1 else self.topic

    @property
    def sector(self) -> Sector | None:
        return SECTOR_OF.get(self.topic)

    def by_month(self) -> Mapping[Month, Contributed]:
        return {month.month: month for month in self.months}

    @property
    def promised(self) -> int:
        """Still promised: what has been delivered is not counted again."""
        return sum(month.promised for month in self.months)

    @property
    def delivered(self) -> int:
        """Delivered, and not confirmed yet."""
        return sum(month.delivered for month in self.months)

    @property
    def confirmed(self) -> int:
        return sum(month.confirmed for month in self.months)

    @property
    def provided(self) -> int:
        return self.delivered + self.confirmed


class Total(NamedTuple):
    """What all homes' lines of one service and resource come to: they have one unit."""

    service: str
    sector: Sector | None
    resource: str
    unit: Unit | None
    promised: int
    delivered: int
    confirmed: int
    level: ValuationLevel | None
    yen: int | None

    @property
    def provided(self) -> int:
        return self.delivered + self.confirmed


@dataclass(frozen=True, slots=True)
class Statement:
    """An organisation's contributions of a fiscal year, sector by sector."""

    organisation_id: str
    fiscal_year: int
    lines: Sequence[Line]

    def totals(self) -> Iterator[Total]:
        for _, group in groupby(self.lines, key=lambda line: (line.topic, line.resource)):
            yield _total(tuple(group))

    def rules(self) -> Sequence[tuple[Rule, Text]]:
        """Every rule that the lines go by, once."""
        found: dict[str, tuple[Rule, Text]] = {}
        for line in self.lines:
            level = None if line.worth is None else line.worth.rule
            if level is not None:
                found[level.rule.key] = level.rule, level.value.says
            for item in line.receipt:
                found[item.rule.key] = item.rule, item.value.says
        return [found[key] for key in sorted(found)]


def _total(lines: Sequence[Line]) -> Total:
    one = lines[0]
    valued = [line.worth.yen for line in lines if line.worth and line.worth.yen is not None]
    return Total(
        service=one.service,
        sector=one.sector,
        resource=one.resource,
        unit=one.unit,
        promised=sum(line.promised for line in lines),
        delivered=sum(line.delivered for line in lines),
        confirmed=sum(line.confirmed for line in lines),
        level=None if one.worth is None else one.worth.level,
        yen=sum(valued) if valued else None,
    )


def draw_up(
    organisation_id: str,
    fiscal_year: int,
    contributed: Iterable[Contributed],
    valuations: Valuations,
    rules: StatementRules,
) -> Statement:
    """Draw up the lines; one where nothing is left of anything is left out."""
    months: dict[tuple[str, str, str], list[Contributed]] = defaultdict(list)
    for one in contributed:
        if one.promised or one.delivered or one.confirmed:
            months[one.topic, one.resource, one.home_id].append(one)
    drawing = _Drawing(fiscal_year, valuations, rules)
    lines = [drawing.line(*where, found) for where, found in sorted(months.items())]
    return Statement(organisation_id, fiscal_year, lines)


@dataclass(frozen=True, slots=True)
class _Drawing:
    fiscal_year: int
    valuations: Valuations
    rules: StatementRules

    @property
    def _last_day(self) -> date:
        return closing_day(self.fiscal_year)

    def line(self, topic: str, resource: str, home_id: str, months: Sequence[Contributed]) -> Line:
        known = CATALOGUE.get(resource)
        unit = None if known is None else known.unit
        kind = kind_of(unit, public=topic in PUBLIC_TOPICS)
        return Line(
            home_id=home_id,
            resource=resource,
            topic=topic,
            unit=unit,
            kind=kind,
            months=sorted(months, key=lambda one: one.month),
            worth=self._worth(resource, kind, sum(one.provided for one in months)),
            receipt=tuple(self._receipt(resource, kind)),
        )

    def _worth(self, resource: str, kind: Kind | None, provided: int) -> Worth | None:
        if kind in ("money", "public_money"):
            return None
        declared = self.valuations.of.get((resource, self.fiscal_year))
        level: ValuationLevel = "not_valued" if declared is None else declared.level
        yen = None
        if declared is not None and declared.yen is not None and declared.per_units is not None:
            yen = provided * declared.yen // declared.per_units
        return Worth(level, self._level(level, kind), declared, yen)

    def _level(self, level: ValuationLevel, kind: Kind | None) -> Level | None:
        if kind is None:
            return None
        try:
            return self.rules.level(level, kind, self._last_day)
        except NoRuleInForce:
            return None

    def _receipt(self, resource: str, kind: Kind | None) -> Iterator[ReceiptItem]:
        if kind is not None:
            yield from self.rules.receipt(kind, resource, self._last_day)
