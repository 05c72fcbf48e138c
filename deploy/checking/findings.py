"""What the checker found: how many differences of which kind, and the first of each by name."""

from collections import Counter, defaultdict
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
    parts: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """How many seconds each part of the check has taken; several run at a time."""
    seconds: float = 0
    """From the snapshot to the last difference."""
    counts: Counter[tuple[str, Kind]] = field(default_factory=Counter)
    first: dict[Kind, Difference] = field(default_factory=dict)

    def add(
        self, kind: Kind, owner: str, where: str, expected: object, found: object, number: int = 1
    ) -> None:
        self.counts[owner, kind] += number
        if kind not in self.first:
            self.first[kind] = Difference(kind, owner, where, str(expected), str(found))

    def take(self, others: "Findings") -> None:
        """Add what another check has found, after what was found before."""
        self.events += others.events
        self.accepted += others.accepted
        self.records += others.records
        for part, seconds in others.parts.items():
            self.parts[part] += seconds
        self.counts += others.counts
        for kind, difference in others.first.items():
            self.first.setdefault(kind, difference)

    def count(self, kind: Kind) -> int:
        return sum(number for (_, one), number in self.counts.items() if one == kind)

    @property
    def differences(self) -> int:
        return sum(self.counts.values())
