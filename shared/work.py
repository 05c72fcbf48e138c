"""One transaction's work on streams: load, decide, and all that is saved together."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from shared import event_store
from shared.clock import now
from shared.contracts.event import Event
from shared.decider import Aggregate
from shared.envelope import Envelope
from shared.event_store import Saved, StateCache
from shared.ids import new_id
from shared.postgres import Connection

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")

Streams: TypeAlias = dict[str, tuple[Any, int]]
"""By stream: its state, and its version."""

Project: TypeAlias = Callable[[Connection, Event, Envelope], Awaitable[None]]
"""Keeps what a service reads, in the transaction that writes what happened."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What a transaction's events follow from."""

    correlation: str
    causation: UUID | None = None
    traceparent: str | None = None


class Work:
    """Bound to the caller's transaction: whoever opened it commits it."""

    def __init__(
        self,
        connection: Connection,
        source: str,
        cause: Cause,
        cache: StateCache,
        project: Project,
        before: Streams | None = None,
        *,
        as_seen: bool = False,
    ) -> None:
        """`as_seen`: the connection may not see every stream, whatever the cache holds."""
        self.connection = connection
        self._source = source
        self.cause = cause
        self._cache = cache
        self._project = project
        self._before = before or {}
        self._as_seen = as_seen
        self.streams: Streams = {}
        """What it has loaded and decided; others see it once the caller says so."""
        self.unsaved: list[Saved] = []
        self.saved: list[Saved] = []
        self.on_commit: list[Callable[[], None]] = []
        """What is only true once this is committed."""

    async def load(self, aggregate: Aggregate[C, S, E], identity: str) -> tuple[S, int]:
        stream = aggregate.stream(identity)
        if stream not in self.streams:
            self.streams[stream] = self._before.get(stream) or await event_store.load(
                self.connection, self._cache, aggregate, identity, as_seen=self._as_seen
            )
        return self.streams[stream]

    async def decide(
        self, aggregate: Aggregate[C, S, E], identity: str, command: C
    ) -> Sequence[E]:
        """Let the stream decide, and note its events; a refusal leaves nothing behind."""
        state, version = await self.load(aggregate, identity)
        events = aggregate.decider.decide(command, state)
        for event in events:
            version += 1
            self.note(event, version)
            state = aggregate.decider.evolve(state, event)
        self.streams[aggregate.stream(identity)] = (state, version)
        return events

    def note(self, event: Any, version: int) -> None:  # noqa: ANN401  any owner's
        """Publish an event of a stream whose version the caller keeps, under a lock of its own."""
        envelope = Envelope(
            event_id=new_id(),
            type_name=event.type_name(),
            source=f"yui/{self._source}",
            stream=event.stream,
            version=version,
            recorded_at=now(),
            correlation=self.cause.correlation,
            causation=self.cause.causation,
            traceparent=self.cause.traceparent,
        )
        self.unsaved.append(Saved(event, envelope))

    async def save(self) -> None:
        """Write what was decided, with what the service reads of it; `Conflict` on a lost race."""
        await save_all([self])

    async def project(self) -> None:
        """Keep what the service reads of what has just been written."""
        for one in self.unsaved:
            await self._project(self.connection, one.event, one.envelope)
        self.saved += self.unsaved
        self.unsaved = []

    def committed(self) -> None:
        """Called after the commit: what was loaded and decided here is now common knowledge."""
        for stream, (state, version) in self.streams.items():
            self._cache.put(stream, version, state)
        for done in self.on_commit:
            done()


async def save_all(works: Sequence[Work]) -> None:
    """Write at once what works on one connection have decided, in their order."""
    unsaved = [work for work in works if work.unsaved]
    if unsaved:
        written = [one for work in unsaved for one in work.unsaved]
        await event_store.append(unsaved[0].connection, written)
    for work in unsaved:
        await work.project()
