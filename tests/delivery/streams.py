"""A toy stream and its records: what the delivery core carries without knowing what it says."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from shared.clock import now
from shared.consuming.record import Received, StoredRecord
from shared.contracts.organisations import TOPIC, Sector, SectorsChanged
from shared.decider import Aggregate, Decider
from shared.envelope import Envelope, to_headers
from shared.ids import new_id
from shared.refusal import Refusal

COUNTED = SectorsChanged.type_name()
SECTORS: tuple[Sector, ...] = ("company",)


class Full(Refusal):
    """A stream of this test takes no more than it says."""


@dataclass(frozen=True)
class Add:
    """Adds so many events to a stream, unless it has `full_at` already."""

    identity: str
    events: int = 1
    full_at: int = 10**9


def _decide(command: Add, count: int) -> Sequence[SectorsChanged]:
    if count >= command.full_at:
        raise Full
    event = SectorsChanged(organisation_id=command.identity, sectors=SECTORS)
    return [event] * command.events


def _evolve(count: int, _event: SectorsChanged) -> int:
    return count + 1


COUNTER: Aggregate[Add, int, SectorsChanged] = Aggregate(
    "organisation", Decider(_decide, _evolve, 0)
)


@dataclass(frozen=True)
class Told:
    """One event of a stream, and how it looks as a record."""

    stream: str
    version: int
    key: bytes | None = b"key"
    event_id: UUID = field(default_factory=new_id)
    body: bytes | None = b"{}"
    partition: int = 0
    topic: str = TOPIC

    @property
    def envelope(self) -> Envelope:
        return Envelope(
            event_id=self.event_id,
            type_name=COUNTED,
            source="yui/organisations",
            stream=self.stream,
            version=self.version,
            recorded_at=now(),
            correlation="a-test",
            causation=None,
        )

    @property
    def headers(self) -> list[tuple[str, bytes | None]]:
        return [*to_headers(self.envelope)]

    def at(self, offset: int) -> StoredRecord:
        return StoredRecord(self.topic, self.partition, offset, self.key, self.body, self.headers)

    def received(self, offset: int) -> Received:
        return Received(self.at(offset), self.envelope, (self.topic, self.envelope.stream))


def stream_of(name: str, versions: int, key: bytes | None = b"key") -> list[Told]:
    return [Told(name, version, key) for version in range(1, versions + 1)]


def written(*told: Told, first: int = 0) -> list[StoredRecord]:
    """A partition's records, from an offset on, in this order."""
    return [one.at(offset) for offset, one in enumerate(told, start=first)]


def with_header(record: StoredRecord, name: str, value: bytes | None) -> StoredRecord:
    others = [(header, given) for header, given in record.headers if header != name]
    return replace(record, headers=[*others, (name, value)])


def without_header(record: StoredRecord, name: str) -> StoredRecord:
    return replace(record, headers=[pair for pair in record.headers if pair[0] != name])
