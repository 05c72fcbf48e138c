"""The rules that statements go by: what may be valued how, what a receipt may state. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from shared.contracts.ledger import ValuationBasis, ValuationLevel
from shared.contracts.resources import Unit
from shared.rules import NoRuleInForce, Rule

Kind: TypeAlias = Literal["public_money", "money", "service", "goods"]
"""What a contribution is to accounting and tax."""
Item: TypeAlias = Literal["receipt", "amount", "date", "purpose", "year", "donation", "quantity"]
"""What a donation receipt might state."""
Answer: TypeAlias = Literal["may", "may_not", "unconfirmed"]

SERVICE_UNITS: Final[frozenset[Unit]] = frozenset({"minutes", "sessions"})


class Text(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str
    ja: str

    def in_words(self, language: str) -> str:
        return self.ja if language == "ja" else self.en


class LevelRule(BaseModel):
    """At which level a kind may be valued, and what that asks for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: ValuationLevel
    of: frozenset[Kind]
    bases: frozenset[ValuationBasis] | None = None
    """None: any, or none where nothing is valued."""
    evidence: bool = False
    says: Text


class ItemRule(BaseModel):
    """What a receipt for a kind may, or may not, state."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: Item
    of: frozenset[Kind]
    resources: frozenset[str] | None = None
    """None: whatever is of that kind."""
    may: bool
    says: Text


@dataclass(frozen=True, slots=True)
class Level:
    rule: Rule
    value: LevelRule


@dataclass(frozen=True, slots=True)
class ReceiptItem:
    rule: Rule
    value: ItemRule

    @property
    def answer(self) -> Answer:
        """A rule that is not confirmed is never told as fact."""
        if self.rule.confidence == "unconfirmed":
            return "unconfirmed"
        return "may" if self.value.may else "may_not"


class StatementRules:
    """The rule table. A value that nobody here knows how to apply is found when it is read in."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._levels: list[Level] = []
        self._items: list[ReceiptItem] = []
        for rule in rules:
            value: dict[str, Any] = rule.value
            if "level" in value:
                self._levels.append(Level(rule, LevelRule.model_validate(value)))
            else:
                self._items.append(ReceiptItem(rule, ItemRule.model_validate(value)))

    def level(self, level: ValuationLevel, kind: Kind, day: date) -> Level:
        """The rule for valuing a kind at a level; `NoRuleInForce` where none is known that day."""
        for one in self._levels:
            if one.value.level == level and kind in one.value.of and one.rule.holds_on(day):
                return one
        raise NoRuleInForce(level, kind, day.isoformat())

    def receipt(self, kind: Kind, resource: str, day: date) -> Iterator[ReceiptItem]:
        for one in self._items:
            named = one.value.resources
            applies = kind in one.value.of and (named is None or resource in named)
            if applies and one.rule.holds_on(day):
                yield one


def kind_of(unit: Unit | None, *, public: bool) -> Kind | None:
    """None where the unit is not known: no rule is applied then."""
    if unit is None:
        return None
    if unit == "yen":
        return "public_money" if public else "money"
    return "service" if unit in SERVICE_UNITS else "goods"
