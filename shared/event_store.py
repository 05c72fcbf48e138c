"""The event table of one service: streams are folded from it, and only ever grow."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from shared.contracts.event import Event
from shared.contracts.registry import EVENTS_BY_TYPE
from shared.decider import Aggregate
from shared.envelope import Envelope
from shared.postgres import Connection

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")

BODY_BYTES_MAX: Final = 512 * 1024

READ_STREAMS: Final = """
-- The events of streams, each after a version.
SELECT stream, version, type, body
FROM unnest($1::text[], $2::bigint[]) AS known (of_stream, seen)
CROSS JOIN LATERAL (
    SELECT stream, version, type, body FROM event
    WHERE stream = of_stream AND version > seen ORDER BY version
) AS newer
"""

APPEND: Final = """
-- Saves events and what the relay still has to send; fewer rows than asked: a lost race.
WITH saved AS (
    INSERT INTO event (event_id, stream, version, key, type, body, recorded_at, correlation,
                       causation, traceparent)
    SELECT event_id, stream, version, key, type, body, recorded_at, correlation, causation,
           traceparent
    FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bytea[],
                $7::timestamptz[], $8::text[], $9::uuid[], $10::text[]) WITH ORDINALITY
         AS new (event_id, stream, version, key, type, body, recorded_at, correlation, causation,
                 traceparent, place)
    ORDER BY place
    ON CONFLICT DO NOTHING
    RETURNING position
), unsent AS (
    INSERT INTO outbox SELECT position FROM saved
)
SELECT count(*) FROM saved
"""


class Conflict(Exception):
    """Someone else saved this stream first."""


class EventTooLarge(Exception):
    """An event that the broker would never take must not be saved."""


@dataclass(frozen=True, slots=True)
class Saved:
    """An event and its envelope, as one transaction writes them."""

    event: Event
    envelope: Envelope


class StateCache:
    """States folded so far. Always sound: a state at a version never changes, only ages."""

    def __init__(self, size_max: int = 20_000) -> None:
        self._states: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._size_max = size_max

    def get(self, stream: str) -> tuple[Any, int] | None:
        found = self._states.get(stream)
        if found is not None:
            self._states.move_to_end(stream)
        return found

    def put(self, stream: str, version: int, state: Any) -> None:  # noqa: ANN401  any aggregate's
        known = self._states.get(stream)
        if known is not None and known[1] > version:
            return
        self._states[stream] = (state, version)
        self._states.move_to_end(stream)
        if len(self._states) > self._size_max:
            self._states.popitem(last=False)

    def clear(self) -> None:
        """Forget it all: the database was put back, perhaps, and never came to these versions."""
        self._states.clear()


async def load(
    connection: Connection,
    cache: StateCache,
    aggregate: Aggregate[C, S, E],
    identity: str,
    *,
    as_seen: bool = False,
) -> tuple[S, int]:
    """The state of a stream as this transaction sees it, and its version (0: no such stream)."""
    wanted = {aggregate.stream(identity): aggregate}
    found = await read_streams(connection, cache, wanted, as_seen=as_seen)
    return found[aggregate.stream(identity)]


async def read_streams(
    connection: Connection,
    cache: StateCache,
    wanted: Mapping[str, Aggregate[Any, Any, Any]],
    *,
    as_seen: bool = False,
) -> dict[str, tuple[Any, int]]:
    """Many at once: each stream's state as this transaction sees it, and its version.

    `as_seen` is for a connection that may not see every stream: what others have folded counts
    only where the connection shows the last event of it. A stream has one key, and with it one
    home or organisation, for its whole life: who sees one of its events sees them all.
    """
    if not wanted:
        return {}
    new = {stream: (aggregate.decider.initial, 0) for stream, aggregate in wanted.items()}
    known = {stream: cache.get(stream) or new[stream] for stream in wanted}
    found = new if as_seen else dict(known)
    seen = [version - 1 if as_seen else version for _, version in known.values()]
    for row in await connection.fetch(READ_STREAMS, list(known), seen):
        stream, version = row["stream"], row["version"]
        if version == known[stream][1]:
            found[stream] = known[stream]
            continue
        event = EVENTS_BY_TYPE[row["type"]].model_validate_json(row["body"])
        state, _ = found[stream]
        found[stream] = wanted[stream].decider.evolve(state, event), version
    return found


async def append(connection: Connection, saved: Sequence[Saved]) -> None:
    """Write events in their order; `Conflict` where one of their versions exists."""
    if not saved:
        return
    bodies = [one.event.model_dump_json(exclude_none=True).encode() for one in saved]
    if max(map(len, bodies)) > BODY_BYTES_MAX:
        raise EventTooLarge
    envelopes = [one.envelope for one in saved]
    written = await connection.fetchval(
        APPEND,
        [e.event_id for e in envelopes],
        [e.stream for e in envelopes],
        [e.version for e in envelopes],
        [one.event.key for one in saved],
        [e.type_name for e in envelopes],
        bodies,
        [e.recorded_at for e in envelopes],
        [e.correlation for e in envelopes],
        [e.causation for e in envelopes],
        [e.traceparent for e in envelopes],
    )
    if written != len(saved):
        raise Conflict(", ".join(e.stream for e in envelopes))
