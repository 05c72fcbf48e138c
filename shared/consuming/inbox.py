"""Sorts what was fetched: what is next in its stream, what came before, what must wait.

Pure: it knows what the tables say and decides; the runtime reads and writes them.
"""

from collections.abc import Callable, Iterable, Mapping
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


Check: TypeAlias = Callable[[Received], Parked | None]
"""Why a record cannot be applied although its envelope can be read; None: it can."""


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
    suspects: list[UUID] = field(default_factory=list)
    """Events of old versions that were not known: duplicates if decided on before, else forks."""


def key_of(record: Record) -> Key:
    return record.topic, record.partition, record.key


def read(record: Record) -> Received | Parked:
    try:
        envelope = from_headers(record.headers)
    except Unreadable as error:
        return Parked(record, None, "unreadable", str(error))
    return Received(record, envelope, (record.topic, envelope.stream))


def _sound(_received: Received) -> Parked | None:
    return None


class Sorting:
    """One pass over a batch, in the order of the log.

    A body is looked at when it is its event's turn: an old version is a duplicate and a new one
    waits, whether it can be read or not.
    """

    def __init__(self, known: Known, check: Check = _sound) -> None:
        self._known = known
        self._check = check
        self._versions = dict(known.versions)
        self._blocked = set(known.blocked)
        self._held = {stream: dict(waiting) for stream, waiting in known.held.items()}
        self._seen: set[UUID] = set()
        self._arrived: list[Received] = []
        self.sorted = Sorted()

    def sort(self, records: Iterable[Received | Parked]) -> Sorted:
        # A discarded head may have closed a gap since.
        for stream in list(self._held):
            self._drain(stream)
        for item in records:
            if isinstance(item, Parked):
                self._park(item)
            else:
                self._sort_one(item)
        self.sorted.hold = [r for r in self._arrived if self._waits(r) is r]
        return self.sorted

    def _sort_one(self, received: Received) -> None:
        event_id = received.envelope.event_id
        ahead = received.envelope.version - self._following(received.stream) + 1
        if ahead <= 0 and self._is_known(received):
            self.sorted.duplicates += 1
            return
        if ahead <= 0:
            self.sorted.suspects.append(event_id)
        if self._blocked and key_of(received.record) in self._blocked:
            self._park(Parked(received.record, event_id, "behind", "an earlier record is parked"))
        elif ahead == 1:
            if self._take(received):
                self._drain(received.stream)
        elif ahead > 1:
            self._hold(received)
        else:
            self._park_fork(received)

    def _is_known(self, received: Received) -> bool:
        event_id = received.envelope.event_id
        is_last = self._versions[received.stream][1] == event_id
        return is_last or event_id in self._seen or event_id in self._known.decided

    def _hold(self, received: Received) -> None:
        waiting = self._waits(received)
        if waiting is None:
            self._arrived.append(received)
            self._held.setdefault(received.stream, {})[received.envelope.version] = received
        elif waiting.envelope.event_id == received.envelope.event_id:
            self.sorted.duplicates += 1
        else:
            self._park_fork(received)

    def _waits(self, received: Received) -> Received | None:
        return self._held.get(received.stream, {}).get(received.envelope.version)

    def _park_fork(self, received: Received) -> None:
        detail = f"version {received.envelope.version} of this stream is another event"
        self._park(Parked(received.record, received.envelope.event_id, "fork", detail))

    def _take(self, received: Received) -> bool:
        parked = self._check(received)
        if parked is not None:
            self._park(parked)
            return False
        envelope = received.envelope
        self.sorted.apply.append(received)
        self._versions[received.stream] = (envelope.version, envelope.event_id)
        self._seen.add(envelope.event_id)
        return True

    def _drain(self, stream: Stream) -> None:
        waiting = self._held.get(stream)
        if not waiting:
            return
        following = waiting.get(self._following(stream))
        while following is not None and key_of(following.record) not in self._blocked:
            del waiting[following.envelope.version]
            if not self._take(following):
                return
            following = waiting.get(self._following(stream))

    def _following(self, stream: Stream) -> int:
        return self._versions[stream][0] + 1 if stream in self._versions else 1

    def _park(self, parked: Parked) -> None:
        if parked.reason != "behind" and key_of(parked.record) in self._blocked:
            parked = Parked(parked.record, parked.event_id, "behind", parked.detail)
        self._blocked.add(key_of(parked.record))
        self.sorted.park.append(parked)
