"""What a topic says: its events, first as their owner wrote them, then as Kafka holds them."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from deploy.checking.findings import Findings
from deploy.checking.kafka_log import Place
from deploy.checking.reading import Fact


@dataclass(slots=True)
class Said:
    """One topic. Where no event table speaks for it, Kafka's own first occurrences do."""

    topic: str
    owner: str
    has_table: bool
    facts: dict[UUID, Fact] = field(default_factory=dict)
    """In the order in which they were said."""
    places: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    """Partition and offset of the first occurrence of each event in Kafka."""
    partitions: dict[str, int] = field(default_factory=dict)
    """Where Kafka has each stream."""
    versions: dict[str, tuple[int, UUID]] = field(default_factory=dict)
    """The highest version of each stream in Kafka."""
    last_event: dict[tuple[int, int], UUID | None] = field(default_factory=dict)
    """The event at each partition's last offset."""

    def in_kafka(self) -> Iterable[Fact]:
        return (self.facts[event_id] for event_id in self.places if event_id in self.facts)


async def read_table(said: Said, rows: AsyncIterator[Fact], findings: Findings) -> None:
    """Take in the owner's event table: versions from 1, without gaps, in the order of saving."""
    versions: dict[str, int] = {}
    keys: dict[str, str] = {}
    async for fact in rows:
        said.facts[fact.event_id] = fact
        expected = versions.get(fact.stream, 0) + 1
        if fact.version > expected:
            where = f"event table, version {expected} of {fact.stream}"
            findings.add("lost", said.owner, where, "an event", f"none before {fact.event_id}")
        elif fact.version < expected:
            findings.add(
                "reordered", said.owner, f"event table, {fact}", f"version {expected}", "earlier"
            )
        versions[fact.stream] = max(fact.version, expected - 1)
        if keys.setdefault(fact.stream, fact.key) != fact.key:
            findings.add("altered", said.owner, f"key of {fact}", keys[fact.stream], fact.key)
    findings.events[said.owner] = len(said.facts)


async def read_kafka(said: Said, places: AsyncIterator[Place], findings: Findings) -> None:
    """Take in the topic. An event may stand there again and again: its first place counts."""
    by_version: dict[tuple[str, int], UUID] = {}
    async for place in places:
        findings.records[said.owner] += 1
        where = f"{said.topic}/{place.partition}/{place.offset}"
        fact = place.fact
        said.last_event[place.partition, place.offset] = fact.event_id if fact else None
        said.last_event.pop((place.partition, place.offset - 1), None)
        if fact is None:
            if said.has_table:
                findings.add("phantom", said.owner, where, "an event of the table", "no event")
            continue
        if said.has_table:
            written = said.facts.get(fact.event_id)
            if written is None:
                findings.add("phantom", said.owner, where, "an event of the table", fact)
                continue
            if written != fact:
                findings.add("altered", said.owner, where, written, f"{fact}, or another body")
        elif said.facts.setdefault(fact.event_id, fact) != fact:
            findings.add("altered", said.owner, where, said.facts[fact.event_id], fact)
        if fact.event_id in said.places:
            continue
        said.places[fact.event_id] = place.partition, place.offset
        _in_order(said, fact, place, by_version, findings)
    _without_gaps(said, by_version, findings)


def _in_order(
    said: Said,
    fact: Fact,
    place: Place,
    by_version: dict[tuple[str, int], UUID],
    findings: Findings,
) -> None:
    where = f"{said.topic}/{place.partition}/{place.offset}"
    partition = said.partitions.setdefault(fact.stream, place.partition)
    if partition != place.partition:
        findings.add("reordered", said.owner, where, f"{fact.stream} in {partition}", fact)
    first = by_version.setdefault((fact.stream, fact.version), fact.event_id)
    if first != fact.event_id:
        findings.add("doubled", said.owner, where, f"{first} alone with its version", fact)
        return
    last, _ = said.versions.get(fact.stream, (0, None))
    if fact.version < last:
        findings.add("reordered", said.owner, where, f"a version after {last}", fact)
        return
    said.versions[fact.stream] = fact.version, fact.event_id


def _without_gaps(
    said: Said, by_version: Mapping[tuple[str, int], UUID], findings: Findings
) -> None:
    """Where there is a table, an event that Kafka lacks is missed by its id instead."""
    if said.has_table:
        return
    counted = Counter(stream for stream, _ in by_version)
    for stream, (version, _) in said.versions.items():
        if counted[stream] != version:
            findings.add("lost", said.owner, stream, f"{version} versions", counted[stream])


def missing_in_kafka(said: Said, unsent: set[UUID], findings: Findings) -> None:
    if not said.has_table:
        return
    for event_id, fact in said.facts.items():
        if event_id in unsent:
            findings.add("unsent", said.owner, str(fact), "in Kafka", "in the outbox")
        elif event_id not in said.places:
            findings.add("lost", said.owner, str(fact), "in Kafka", "nowhere in its topic")
