"""The rules that homes go by: each holds from a day to a day, and says where it comes from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

from pydantic import TypeAdapter

from shared.contracts.organisations import Sector
from shared.rules import Rule, in_force

T = TypeVar("T")

Rounding: TypeAlias = Literal["down", "up"]
Proration: TypeAlias = Literal["by_day_per_child"]
Covering: TypeAlias = Mapping[str, tuple[tuple[Sector, ...], ...]]
"""By resource: the sectors that may cover it, in the order in which they are asked."""


@dataclass(frozen=True)
class Key(Generic[T]):
    """A rule that is decided by, and what its value must be."""

    name: str
    kind: TypeAdapter[T]


CAPACITY: Final = Key("FH.CAP", TypeAdapter(tuple[int, ...]))
HORIZON_MONTHS: Final = Key("NEEDS.HORIZON", TypeAdapter(int))
PRORATION: Final[Key[Proration]] = Key("NEEDS.PRORATION", TypeAdapter(Proration))
ROUNDING: Final[Key[Rounding]] = Key("NEEDS.ROUNDING", TypeAdapter(Rounding))
COVERING: Final[Key[Covering]] = Key("ASKS.COVERING", TypeAdapter(Covering))
WIDENING_DAYS: Final = Key("ASKS.WIDENING", TypeAdapter(int))
ESCALATION_DAYS: Final = Key("ASKS.ESCALATION", TypeAdapter(int))
OPENING_MONTHS: Final = Key("OPENING.MONTHS", TypeAdapter(int))
OPENING_REQUIRES: Final = Key("OPENING.REQUIRES", TypeAdapter(tuple[str, ...]))
DECIDED_BY: Final[tuple[Key[Any], ...]] = (
    CAPACITY,
    HORIZON_MONTHS,
    PRORATION,
    ROUNDING,
    COVERING,
    WIDENING_DAYS,
    ESCALATION_DAYS,
    OPENING_MONTHS,
    OPENING_REQUIRES,
)


class Rules:
    """The rule table. A value that nobody here knows how to apply is found when it is read in."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.all = tuple(rules)
        for key in DECIDED_BY:
            for rule in self._of(key):
                key.kind.validate_python(rule.value)

    def on(self, key: Key[T], day: date) -> T:
        """The value in force on a day; `NoRuleInForce` names the rule that is missing."""
        return key.kind.validate_python(in_force(self.all, key.name, day).value)

    def _of(self, key: Key[Any]) -> Iterable[Rule]:
        return (rule for rule in self.all if rule.key == key.name)
