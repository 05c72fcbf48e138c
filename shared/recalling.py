"""Makes a service's topic and its event table hold the same again, in both directions.

What the table lacks, since the database was put back, is recalled from the topic, byte for byte.
What the topic lacks, since the broker lost it, is sent again; whoever hears it again drops it.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from uuid import UUID

from shared.consuming.inbox import read
from shared.consuming.record import Received, Record
from shared.contracts.registry import EVENTS_BY_TYPE
from shared.envelope import Envelope
from shared.event_store import StateCache
from shared.kafka import TopicLog, reading
from shared.postgres import Connection
from shared.published import Published, lacked
from shared.work import Cause, Project, Work

CORRELATION: Final = "recalled"

ALONE: Final = """
-- One at a time makes topic and table the same.
SELECT pg_advisory_xact_lock(hashtextextended($1 || ' recalled', 0))
"""

RECALL: Final = """
-- Events as the topic holds them; fewer rows than asked: another one has a version of theirs.
WITH recalled AS (
    INSERT INTO event (event_id, stream, version, key, type, body, recorded_at, correlation,
                       causation, traceparent)
    SELECT event_id, stream, version, key, type, body, recorded_at, correlation, causation,
           traceparent
    FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bytea[],
                $7::timestamptz[], $8::text[], $9::uuid[], $10::text[]) WITH ORDINALITY
         AS told (event_id, stream, version, key, type, body, recorded_at, correlation, causation,
                  traceparent, place)
    ORDER BY place
    ON CONFLICT DO NOTHING RETURNING position
)
SELECT count(*) FROM recalled
"""

REFILL: Final = """
-- What is not told in these streams up to these versions is to be sent, in the order of saving.
INSERT INTO outbox
SELECT position FROM event
LEFT JOIN unnest($1::text[], $2::bigint[]) AS told (stream, version) USING (stream)
WHERE event.version > COALESCE(told.version, 0)
ORDER BY position ON CONFLICT DO NOTHING
"""

WAITING: Final = "SELECT count(*) FROM outbox"

Place: TypeAlias = tuple[int, int]
"""Partition and offset."""
Settle: TypeAlias = Callable[[Work, Collection[str]], Awaitable[None]]
"""Sets right, in the same transaction, what recalled events of these keys say otherwise."""


class Forked(Exception):
    """The table holds another event under a version that the topic tells: nothing was changed."""


async def _nothing(*_: object) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Keeping:
    """What a service keeps beside its own events, also beside those that are recalled."""

    project: Project = _nothing
    settle: Settle = _nothing


@dataclass(slots=True)
class Told:
    """How far a topic tells each stream without a gap, and what stands at some places."""

    wanted: Collection[Place] = ()
    versions: dict[str, int] = field(default_factory=dict)
    places: dict[Place, UUID | None] = field(default_factory=dict)
    _ahead: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def hear(self, record: Record, envelope: Envelope | None) -> None:
        place = record.partition, record.offset
        if place in self.wanted:
            self.places[place] = None if envelope is None else envelope.event_id
        if envelope is not None:
            self._advance(envelope.stream, envelope.version)

    def _advance(self, stream: str, version: int) -> None:
        ahead = self._ahead[stream]
        ahead.add(version)
        last = self.versions.get(stream, 0)
        while last + 1 in ahead:
            last += 1
            ahead.discard(last)
        self.versions[stream] = last


@dataclass(frozen=True, slots=True)
class Republished:
    recalled: int
    """Events that the table lacked."""
    waiting: int
    """Events that wait to be sent, those that the topic lacked among them."""
    places: Mapping[Place, UUID | None]
    """What the topic holds at the places that were asked for."""


async def republish(
    connection: Connection,
    topic: str,
    service: str,
    bootstrap: str,
    keeping: Keeping,
    wanted: Collection[Place] = (),
) -> Republished:
    """Do it all in one transaction, so that it may be stopped and begun again.

    Raises `Forked`, and whatever keeps the topic from being read.
    """
    told = Told(wanted)
    async with reading(bootstrap, topic) as log, connection.transaction():
        await connection.execute(ALONE, topic)
        keys = await _recall_all(connection, log, told, keeping.project)
        work = Work(connection, service, Cause(CORRELATION), StateCache(), keeping.project)
        await keeping.settle(work, set(keys))
        await work.save()
        await connection.execute(REFILL, list(told.versions), list(told.versions.values()))
        await Published(topic, bootstrap).agree(connection, log.ends)
        waiting = await connection.fetchval(WAITING)
    return Republished(len(keys), waiting, told.places)


async def _recall_all(
    connection: Connection, log: TopicLog, told: Told, project: Project
) -> Sequence[str]:
    """Return the key of each event that was recalled."""
    keys: list[str] = []
    async for records in log.since({}):
        items = [read(record) for record in records]
        for item in items:
            told.hear(item.record, item.envelope if isinstance(item, Received) else None)
        # The same event may be told twice.
        lacking = {one.envelope.event_id: one for one in await lacked(connection, items)}
        if lacking:
            await _recall(connection, list(lacking.values()), project)
            keys += (_key(one) for one in lacking.values())
    return keys


async def _recall(connection: Connection, lacking: Sequence[Received], project: Project) -> None:
    envelopes = [one.envelope for one in lacking]
    recalled = await connection.fetchval(
        RECALL,
        [e.event_id for e in envelopes],
        [e.stream for e in envelopes],
        [e.version for e in envelopes],
        [_key(one) for one in lacking],
        [e.type_name for e in envelopes],
        [one.body for one in lacking],
        [e.recorded_at for e in envelopes],
        [e.correlation for e in envelopes],
        [e.causation for e in envelopes],
        [e.traceparent for e in envelopes],
    )
    if recalled != len(lacking):
        raise Forked(", ".join(sorted({e.stream for e in envelopes})))
    for one in lacking:
        event_type = EVENTS_BY_TYPE.get(one.envelope.type_name)
        if event_type is not None:
            event = event_type.model_validate_json(one.body)
            await project(connection, event, one.envelope)


def _key(received: Received) -> str:
    return (received.record.key or b"").decode()
