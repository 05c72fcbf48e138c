"""A topic in a few figures, the same whoever has it: counts, versions, and sums over hashes."""

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from deploy.checking.findings import Findings
from deploy.checking.kafka_log import Place
from deploy.checking.reading import Fact


class Tally(NamedTuple):
    """Sums in any order; two that are equal may be taken for the same events.

    A sum of the first 64 bits of each hash finds what went wrong. It is no proof against somebody
    who looks for other events of the same sum: `yui verify` compares each.
    """

    streams: int
    events: int
    versions: int
    """Of each stream the highest, together: equal to `events` where none has a gap."""
    gaps: int
    ids: int
    lines: int


class Line(NamedTuple):
    hash: bytes
    stream: str
    version: int
    partition: int
    offset: int


@dataclass(slots=True)
class Kept:
    """What Kafka has kept of a topic: each event as it first came."""

    topic: str
    owner: str
    lines: dict[UUID, Line] = field(default_factory=dict)
    records: int = 0

    def tally(self) -> Tally:
        streams = self.streams()
        return Tally(
            streams=len(streams),
            events=len(self.lines),
            versions=sum(last for _, last in streams.values()),
            gaps=sum(events != last for events, last in streams.values()),
            ids=sum(word(event_id.bytes[8:]) for event_id in self.lines),
            lines=sum(word(line.hash[:8]) for line in self.lines.values()),
        )

    def streams(self) -> Mapping[str, tuple[int, int]]:
        """Return how many events each stream has, and its highest version."""
        found: dict[str, tuple[int, int]] = {}
        for line in self.lines.values():
            events, last = found.get(line.stream, (0, 0))
            found[line.stream] = events + 1, max(last, line.version)
        return found

    def gaps(self) -> Iterator[tuple[str, int, int]]:
        for stream, (events, last) in sorted(self.streams().items()):
            if events != last:
                yield stream, events, last

    def where(self, event_id: UUID) -> str:
        line = self.lines[event_id]
        return f"{self.topic}/{line.partition}/{line.offset}"


def word(eight: bytes) -> int:
    """Eight bytes as PostgreSQL casts them to bigint."""
    return int.from_bytes(eight, "big", signed=True)


def tally_of_row(row: Mapping[str, Any]) -> Tally:
    return Tally(**{name: int(row[name]) for name in Tally._fields})


def hash_of(fact: Fact) -> bytes:
    said = (str(fact.event_id), str(fact.version), fact.type_name, fact.stream, fact.key)
    return hashlib.sha256("\n".join(said).encode() + fact.digest).digest()


async def read(kept: Kept, places: AsyncIterator[Place], findings: Findings) -> None:
    """Read a topic; a repeat must be the same event, and a version one event's alone."""
    versions: dict[tuple[str, int], UUID] = {}
    async for place in places:
        kept.records += 1
        if (fact := place.fact) is None:
            continue  # no event: whoever listens parks it, and that is counted
        line = Line(hash_of(fact), fact.stream, fact.version, place.partition, place.offset)
        first = kept.lines.setdefault(fact.event_id, line)
        where = f"{kept.topic}/{place.partition}/{place.offset}"
        if first.hash != line.hash:
            findings.add("altered", kept.owner, where, f"a repeat of {fact}", "another content")
        other = versions.setdefault((fact.stream, fact.version), fact.event_id)
        if other != fact.event_id:
            findings.add("doubled", kept.owner, where, f"one event, {other}", fact)
