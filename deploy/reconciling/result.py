"""What a reconciliation found, as it is written down."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Literal, TypeAlias

from deploy.checking.findings import Findings
from deploy.reconciling.topics import Topic

Kind: TypeAlias = Literal["unsent", "unapplied", "held", "parked"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that is on its way, or stuck."""

    service: str
    kind: Kind
    events: int
    oldest_s: float | None
    """None where nobody can tell: the events' owner has no table here."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """Where the promised units of one resource have ended."""

    resource: str
    promises: int
    """Of one organisation, for one home and month."""
    promised: int
    delivered: int
    withdrawn: int
    lapsed: int
    lowered: int
    """By a later promise of less."""
    outstanding: int
    overdue_promises: int
    overdue: int
    """Outstanding for a month that had ended before the business date."""
    overdue_days_max: int


@dataclass(frozen=True, slots=True)
class Booked:
    """How long after it was recorded what was booked within the last day came onto the books."""

    links: int
    p50_s: float | None
    p99_s: float | None


@dataclass(slots=True, kw_only=True)
class Reconciliation:
    at: datetime
    business_date: date
    findings: Findings
    topics: Mapping[str, Topic]
    waiting: Sequence[Waiting]
    cleared: Sequence[Cleared]
    booked: Booked | None
    took_s: float = field(default=0.0)

    @property
    def differences(self) -> int:
        return self.findings.differences

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "business_date": self.business_date.isoformat(),
            "took_s": round(self.took_s, 3),
            "differences": self.differences,
            "counts": [
                {"owner": owner, "kind": kind, "count": count}
                for (owner, kind), count in sorted(self.findings.counts.items())
            ],
            "first": {kind: asdict(first) for kind, first in self.findings.first.items()},
            "topics": {name: _topic(topic) for name, topic in self.topics.items()},
            "clearing": [asdict(cleared) for cleared in self.cleared],
            "timeliness": {
                "waiting": [asdict(waiting) for waiting in self.waiting],
                "booked": asdict(self.booked) if self.booked else None,
            },
        }


def _topic(topic: Topic) -> dict[str, Any]:
    # Sums of 64-bit words: as numbers, JSON's readers would round them.
    return {
        "owner": topic.owner,
        "records": topic.records,
        **{
            place.replace(" ", "_"): {**t._asdict(), "ids": str(t.ids), "lines": str(t.lines)}
            for place, t in topic.tallies.items()
        },
        "outcomes": topic.outcomes,
        "links": topic.links,
    }
