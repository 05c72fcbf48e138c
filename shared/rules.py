"""Rules as data: each holds from a day to a day, and says where it comes from and how sure it is.

A rule that changes gets a last day and a successor; none is edited.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from shared.refusal import Refusal

Confidence: TypeAlias = Literal["found", "unconfirmed", "chosen"]
"""Read in a public source; general knowledge, never to be told as fact; set by Yui itself."""


class NoRuleInForce(Refusal):
    """What a rule must allow cannot be done on a day for which none is known."""

    japanese = "規則の認めが要ることは、規則のない日については行えません。"


class Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    value: Any
    unit: str
    valid_from: date
    valid_to: date | None = None
    """The last day on which it holds; none: until further notice."""
    source: str
    confidence: Confidence

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def in_force(rules: Iterable[Rule], key: str, day: date) -> Rule:
    """The rule of a key that holds on a day; `NoRuleInForce` names the one that is missing."""
    for rule in rules:
        if rule.key == key and rule.holds_on(day):
            return rule
    raise NoRuleInForce(key, day.isoformat())
