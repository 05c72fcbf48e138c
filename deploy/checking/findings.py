"""What the checker found: how many differences of which kind, and the first of each by name."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal[
    "lost",
    "doubled",
    "reordered",
    "phantom",
    "unbalanced",
    "altered",
    "gap",
    "unsent",
    "held",
    "parked",
    "unapplied",
]

WRONG: Final[Sequence[Kind]] = (
    "lost",
    "doubled",
    "reordered",
    "phantom",
    "unbalanced",
    "altered",
)
STUCK: Final[Sequence[Kind]] = ("unsent", "held", "parked", "unapplied")
"""Not wrong, but not done either when the time to settle was up."""


@dataclass(frozen=True, slots=True)
class Difference:
    kind: Kind
    owner: str
    """The service that it is about."""
    where: str
    expected: str
    found: str


@dataclass(slots=True)
class Findings:
    events: Counter[str] = field(default_factory=Counter)
    """What each service's own event table holds."""
    accepted: Counter[str] = field(default_factory=Counter)
    """What clients have been told is done, if they kept a journal."""
    records: Counter[str] = field(default_factory=Counter)
    """What Kafka holds, repeats included."""
    counts: Counter[tuple[str, Kind]] = field(default_factory=Counter)
    first: dict[Kind, Difference] = field(default_factory=dict)

    def add(self, kind: Kind, owner: str, where: str, expected: object, found: object) -> None:
        self.counts[owner, kind] += 1
        if kind not in self.first:
            self.first[kind] = Difference(kind, owner, where, str(expected), str(found))

    def count(self, kind: Kind) -> int:
        return sum(number for (_, one), number in self.counts.items() if one == kind)

    @property
    def differences(self) -> int:
        return sum(self.counts.values())
