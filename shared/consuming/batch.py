"""One transaction per batch: the fence, the effects, and how far each partition has come."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from uuid import UUID

import asyncpg
import structlog

from shared.consuming import statements as sql
from shared.consuming.applying import Applier, Outcome
from shared.consuming.inbox import Key, Known, Parked, Sorted, Sorting, Stream, key_of, read
from shared.consuming.record import (
    Received,
    Record,
    StoredRecord,
    headers_from_json,
    headers_to_json,
    place,
    storable,
)
from shared.envelope import Unreadable, check_content_type
from shared.event_store import Conflict
from shared.handling import Transactions
from shared.postgres import Connection, add_rows
from shared.published import Unsure
from shared.work import Cause, Work

Partition: TypeAlias = tuple[str, int]

DETAIL_MAX: Final = 2000

PASSING: Final = (
    Conflict,
    Unsure,
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the client, on a connection that broke under its hands
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.ObjectInUseError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
    # No record's fault: the schema is older than the code, and every home would be parked.
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.UndefinedFunctionError,
    asyncpg.InsufficientPrivilegeError,
)
"""Faults that may pass: the batch is rolled back and tried again, and loses nothing."""

log = structlog.get_logger("consumer")


def may_pass(fault: Exception) -> bool:
    """Whether trying again can help. A value that the client cannot even send never can."""
    return isinstance(fault, PASSING) and not isinstance(fault, ValueError)


@dataclass(slots=True)
class Effect:
    """What one batch has changed, once it is committed."""

    applied: list[tuple[Received, Outcome]] = field(default_factory=list)
    held: int = 0
    parked: list[Parked] = field(default_factory=list)
    duplicates: int = 0
    out_of_step: dict[Partition, int] = field(default_factory=dict)
    """Partitions that somebody else has moved, and where they stand."""


class Batches:
    """Applies batches for one service, exactly once, whoever else tries."""

    def __init__(self, transactions: Transactions, applier: Applier) -> None:
        self.transactions = transactions
        self._applier = applier

    async def transact(self, records: Sequence[Record]) -> Effect:
        """Apply a batch and move its offsets, or raise and have done nothing."""
        try:
            return await self._transact(records, guarded=False)
        except Exception as error:
            if may_pass(error):
                raise
            # One of them is at fault: again from the beginning, each where it can fail alone.
            log.warning("batch_again_guarded", fault=type(error).__name__, size=len(records))
            return await self._transact(records, guarded=True)

    async def _transact(self, records: Sequence[Record], *, guarded: bool) -> Effect:
        async with self.transactions.pool.acquire() as connection:
            await self.transactions.require_whole(connection)
            async with connection.transaction():
                effect, works = await self.apply(connection, records, guarded=guarded)
            for work in works:
                self.transactions.committed(work)
        return effect

    async def apply(
        self, connection: Connection, records: Sequence[Record], *, guarded: bool
    ) -> tuple[Effect, list[Work]]:
        """Apply a batch and move its offsets in the caller's transaction."""
        effect = Effect()
        by_partition: dict[Partition, list[Record]] = defaultdict(list)
        for record in records:
            by_partition[record.topic, record.partition].append(record)
        offsets = await lock_offsets(connection, by_partition)
        if len(offsets) < len(by_partition):
            # Heard before its assignment could be noted: without a row there is no fence.
            await connection.execute(sql.KNOW_PARTITIONS, *_columns(by_partition))
            offsets = await lock_offsets(connection, by_partition)
        in_step: list[Record] = []
        for partition, fetched in by_partition.items():
            stored = offsets[partition]
            if fetched[0].offset == stored:
                in_step += fetched
            else:
                effect.out_of_step[partition] = stored
        works = await self.apply_records(connection, in_step, effect, guarded=guarded)
        await _move_offsets(connection, in_step)
        return effect, works

    async def apply_records(
        self,
        connection: Connection,
        records: Sequence[Record],
        effect: Effect,
        *,
        guarded: bool = True,
        released: frozenset[Key] = frozenset(),
        resumed: Iterable[Stream] = (),
    ) -> list[Work]:
        """Sort and apply records in the caller's transaction, which holds their partition.

        Unless `guarded`, one that cannot be applied fails the transaction, with all others.
        `released` are keys whose parked records are these, `resumed` streams that may go on.
        """
        items = [read(record) for record in records]
        known = await _read_known(connection, items, released, resumed)
        sorted_ = Sorting(known, self._check).sort(items)
        asked: set[UUID] = set()
        while suspects := set(sorted_.suspects) - asked:
            # An old version is a fork only if its event was never decided on; rarely asked. Asked
            # again, for what a suspect held up moves its stream on, and makes older what follows.
            asked |= suspects
            rows = await connection.fetch(sql.KNOWN_EVENTS, list(asked))
            decided = frozenset(row["event_id"] for row in rows)
            known = Known(known.versions, known.blocked, decided, known.held)
            sorted_ = Sorting(known, self._check).sort(items)
        works = await self._apply_sorted(connection, sorted_, effect, guarded=guarded)
        if known.held:
            await connection.execute(sql.RELEASE_HELD, *_columns(known.held))
        return works

    def _check(self, received: Received) -> Parked | None:
        record, event_id = received.record, received.envelope.event_id
        if record.value is None:
            return Parked(record, event_id, "unreadable", "the record has no body")
        try:
            check_content_type(received.envelope)
        except Unreadable as error:
            return Parked(record, event_id, "unreadable", str(error))
        try:
            self._applier.check(received)
        except Unreadable as error:
            return Parked(record, event_id, "breaks_contract", str(error))
        except Exception as error:  # noqa: BLE001  whatever it is, it is this record's
            detail = f"{type(error).__name__}: {error}"
            return Parked(record, event_id, "breaks_contract", detail)
        return None

    async def _apply_sorted(
        self, connection: Connection, sorted_: Sorted, effect: Effect, *, guarded: bool
    ) -> list[Work]:
        works, early = await self._apply(connection, sorted_.apply, effect, guarded=guarded)
        hold = [*sorted_.hold, *early]
        await _hold(connection, hold)
        await _move_streams(connection, effect.applied)
        await _park(connection, [*effect.parked, *sorted_.park])
        effect.parked += sorted_.park
        effect.held += len(hold)
        effect.duplicates += sorted_.duplicates
        return works

    async def _apply(
        self,
        connection: Connection,
        batch: Sequence[Received],
        effect: Effect,
        *,
        guarded: bool,
    ) -> tuple[list[Work], list[Received]]:
        """Apply them all; also return those that must wait because one before them failed."""
        if not batch:
            return [], []
        if not guarded:
            return [await self._attempt(connection, batch, effect)], []
        try:
            async with connection.transaction():
                return [await self._attempt(connection, batch, effect)], []
        except Exception as error:
            if may_pass(error):
                raise
            # Find the one at fault, so that no other home is held up.
            log.warning("batch_split", fault=type(error).__name__, size=len(batch))
            return await self._apply_singly(connection, batch, effect)

    async def _apply_singly(
        self, connection: Connection, batch: Sequence[Received], effect: Effect
    ) -> tuple[list[Work], list[Received]]:
        works: list[Work] = []
        early: list[Received] = []
        failed: dict[Key, int] = {}
        for received in batch:
            record, event_id = received.record, received.envelope.event_id
            head = failed.get(key_of(record))
            if head is not None and record.offset < head:
                # It came before its predecessor and was held: behind the head it would be first.
                early.append(received)
            elif head is not None:
                detail = "an earlier record is parked"
                effect.parked.append(Parked(record, event_id, "behind", detail))
            else:
                try:
                    async with connection.transaction():
                        works.append(await self._attempt(connection, [received], effect))
                except Exception as error:
                    if may_pass(error):
                        raise
                    failed[key_of(record)] = record.offset
                    detail = f"{type(error).__name__}: {error}"
                    effect.parked.append(Parked(record, event_id, "cannot_apply", detail))
        return works, early

    async def _attempt(
        self, connection: Connection, batch: Sequence[Received], effect: Effect
    ) -> Work:
        work = self.transactions.work(connection, Cause(correlation=""))
        outcomes = await self._applier.apply(work, batch)
        await work.save()
        await _decide(connection, batch, outcomes)
        effect.applied += [(r, outcomes[r.envelope.event_id]) for r in batch]
        return work


# --- Reading what is known


async def lock_offsets(
    connection: Connection, partitions: Iterable[Partition]
) -> Mapping[Partition, int]:
    topics, numbers = _columns(partitions)
    rows = await connection.fetch(sql.LOCK_OFFSETS, topics, numbers)
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def _read_known(
    connection: Connection,
    items: Sequence[Received | Parked],
    released: frozenset[Key],
    resumed: Iterable[Stream],
) -> Known:
    streams = {item.stream for item in items if isinstance(item, Received)} | set(resumed)
    partitions = {(item.record.topic, item.record.partition) for item in items}
    rows = await connection.fetch(sql.READ_STREAMS, *_columns(streams))
    versions = {
        (r["topic"], r["stream"]): (r["version"], r["event_id"]) for r in rows if r["version"]
    }
    if rows and not rows[0]["something_waits"]:
        return Known(versions=versions, blocked=frozenset(), decided=frozenset())
    blocked = await connection.fetch(sql.BLOCKED_KEYS, *_columns(partitions))
    return Known(
        versions=versions,
        blocked=frozenset((r["topic"], r["partition"], r["key"]) for r in blocked) - released,
        decided=frozenset(),
        held=await _read_held(connection, streams),
    )


async def _read_held(
    connection: Connection, streams: Iterable[Stream]
) -> Mapping[Stream, Mapping[int, Received]]:
    held: dict[Stream, dict[int, Received]] = defaultdict(dict)
    for row in await connection.fetch(sql.HELD_OF, *_columns(streams)):
        received = read(stored_record(row))
        if isinstance(received, Received):
            held[received.stream][received.envelope.version] = received
    return held


def stored_record(row: asyncpg.Record) -> StoredRecord:
    return StoredRecord(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        key=row["key"],
        value=row["body"],
        headers=headers_from_json(row["headers"]),
    )


def _columns(pairs: Iterable[tuple[str, Any]]) -> tuple[list[str], list[Any]]:
    ordered = sorted(pairs)
    return [first for first, _ in ordered], [second for _, second in ordered]


# --- Writing what has become of it


async def _decide(
    connection: Connection, batch: Sequence[Received], outcomes: Mapping[UUID, Outcome]
) -> None:
    rows = []
    for received in batch:
        record, event_id = received.record, received.envelope.event_id
        rows.append((event_id, outcomes[event_id], record.topic, record.partition, record.offset))
    await add_rows(connection, sql.DECIDE, "outcome", sql.OUTCOME_COLUMNS, rows)


async def _move_streams(
    connection: Connection, applied: Sequence[tuple[Received, Outcome]]
) -> None:
    last: dict[Stream, Received] = {received.stream: received for received, _ in applied}
    if not last:
        return
    await connection.execute(
        sql.MOVE_STREAMS,
        [topic for topic, _ in last],
        [stream for _, stream in last],
        [r.envelope.version for r in last.values()],
        [r.envelope.event_id for r in last.values()],
    )


async def _hold(connection: Connection, held: Sequence[Received]) -> None:
    if not held:
        return
    await connection.execute(
        sql.HOLD,
        [r.record.topic for r in held],
        [r.envelope.stream for r in held],
        [r.envelope.version for r in held],
        [r.envelope.event_id for r in held],
        [r.record.partition for r in held],
        [r.record.offset for r in held],
        [r.record.key for r in held],
        [headers_to_json(r.record.headers) for r in held],
        [r.record.value for r in held],
    )
    for received in held:
        log.warning("event_held", place=place(received.record), stream=received.envelope.stream)


async def _park(connection: Connection, parked: Sequence[Parked]) -> None:
    if not parked:
        return
    where = (
        [p.record.topic for p in parked],
        [p.record.partition for p in parked],
        [p.record.offset for p in parked],
    )
    await connection.execute(
        sql.PARK,
        *where,
        [p.record.key for p in parked],
        [p.event_id for p in parked],
        [p.reason for p in parked],
        [storable(p.detail)[:DETAIL_MAX] for p in parked],
        [headers_to_json(p.record.headers) for p in parked],
        [p.record.value for p in parked],
    )
    await connection.execute(sql.UNHOLD, *where)


async def _move_offsets(connection: Connection, records: Sequence[Record]) -> None:
    last: dict[Partition, Record] = {(r.topic, r.partition): r for r in records}
    if not last:
        return
    items = {partition: read(record) for partition, record in last.items()}
    await connection.execute(
        sql.MOVE_OFFSETS,
        [topic for topic, _ in last],
        [number for _, number in last],
        [record.offset + 1 for record in last.values()],
        [i.envelope.event_id if isinstance(i, Received) else i.event_id for i in items.values()],
    )
