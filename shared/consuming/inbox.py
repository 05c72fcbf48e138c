"""Sorts what was fetched: what is next in its stream, what came before, what must wait.

Pure: it knows what the tables say and decides; the runtime reads and writes them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from uuid import UUID

from shared.consuming.record import Received, Record
from shared.envelope import Unreadable, from_headers

Stream: TypeAlias = tuple[str, str]
"""Topic and stream."""
Key: TypeAlias = tuple[str, int, bytes | None]
"""Topic, partition and key."""
Reason: TypeAlias = Literal["unreadable", "fork", "breaks_contract", "cannot_apply", "behind"]


@dataclass(frozen=True, slots=True)
class Parked:
    """A record set aside, with the reason."""

    record: Record
    event_id: UUID | None
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the tables say about the streams, keys and events of a batch."""

    versions: Mapping[Stream, tuple[int, UUID]]
    blocked: frozenset[Key]
    decided: frozenset[UUID]
    """Of the events that are not newer than their stream, those that were applied before."""
    held: Mapping[Stream, Mapping[int, Received]] = field(default_factory=dict)


@dataclass(slots=True)
class Sorted:
    apply: list[Received] = field(default_factory=list)
    hold: list[Received] = field(default_factory=list)
    park: list[Parked] = field(default_factory=list)
    duplicates: int = 0


def key_of(record: Record) -> Key:
    return record.topic, record.partition, record.key


def read(record: Record) -> Received | Parked:
    try:
        envelope = from_headers(record.headers)
    except Unreadable as error:
        return Parked(record, None, "unreadable", str(error))
    if record.value is None:
        return Parked(record, envelope.event_id, "unreadable", "the record has no body")
    return Received(record, envelope)


class Sorting:
    """One pass over a batch, in the order of the log."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._versions = dict(known.versions)
        self._blocked = set(known.blocked)
        self._seen: set[UUID] = set()
        self.sorted = Sorted()

    def sort(self, records: Iterable[Received | Parked]) -> Sorted:
        for item in records:
            if isinstance(item, Parked):
                self._park(item)
            else:
                self._sort_one(item)
        return self.sorted

    def _sort_one(self, received: Received) -> None:
        event_id = received.envelope.event_id
        if key_of(received.record) in self._blocked:
            self._park(Parked(received.record, event_id, "behind", "an earlier record is parked"))
            return
        version, last_id = self._versions.get(received.stream, (0, None))
        ahead = received.envelope.version - version
        if ahead == 1:
            self._take(received)
            self._drain(received.stream)
        elif ahead > 1:
            self._hold(received)
        elif event_id == last_id or event_id in self._seen or event_id in self._known.decided:
            self.sorted.duplicates += 1
        else:
            self._park_fork(received)

    def _hold(self, received: Received) -> None:
        waiting = self._waiting(received.stream).get(received.envelope.version)
        if waiting is None:
            self.sorted.hold.append(received)
        elif waiting.envelope.event_id == received.envelope.event_id:
            self.sorted.duplicates += 1
        else:
            self._park_fork(received)

    def _park_fork(self, received: Received) -> None:
        detail = f"version {received.envelope.version} of this stream is another event"
        self._park(Parked(received.record, received.envelope.event_id, "fork", detail))

    def _waiting(self, stream: Stream) -> dict[int, Received]:
        arrived = {r.envelope.version: r for r in self.sorted.hold if r.stream == stream}
        return {**self._known.held.get(stream, {}), **arrived}

    def _take(self, received: Received) -> None:
        envelope = received.envelope
        self.sorted.apply.append(received)
        self._versions[received.stream] = (envelope.version, envelope.event_id)
        self._seen.add(envelope.event_id)

    def _drain(self, stream: Stream) -> None:
        waiting = self._waiting(stream)
        while (following := self._versions[stream][0] + 1) in waiting:
            received = waiting[following]
            self._take(received)
            if received in self.sorted.hold:
                self.sorted.hold.remove(received)

    def _park(self, parked: Parked) -> None:
        if parked.reason != "behind" and key_of(parked.record) in self._blocked:
            parked = Parked(parked.record, parked.event_id, "behind", parked.detail)
        self._blocked.add(key_of(parked.record))
        self.sorted.park.append(parked)
