"""What operators do about parked records: only the head of a key may be retried or discarded."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import asyncpg

from shared.consuming import statements as sql
from shared.consuming.applying import Applier
from shared.consuming.batch import (
    Batches,
    Effect,
    lock_offsets,
    stored_record,
)
from shared.consuming.inbox import Stream, key_of
from shared.consuming.telling import tell
from shared.envelope import Unreadable, from_headers
from shared.handling import Transactions
from shared.postgres import Connection, Pool
from shared.refusal import NotFound, Refusal
from shared.work import Work


class RecordNotParked(NotFound):
    """No record is parked under this id."""


class NotTheHead(Refusal):
    """Only the first parked record of a key may be retried or discarded: order would break."""

    japanese = "再試行や破棄ができるのは、キーごとに最初の退避記録だけです。"


class StillFails(Refusal):
    """The record was tried again and failed again; it stays parked."""

    japanese = "再試行しましたが、また失敗しました。記録は退避されたままです。"


class Parking:
    """Retries and discards under the partition's lock, so that no consumer works beside it."""

    def __init__(
        self,
        transactions: Transactions,
        applier: Applier,
        *,
        applied: Callable[[Effect], None] = lambda _: None,
    ) -> None:
        self._transactions = transactions
        self._batches = Batches(transactions, applier)
        self._applied = applied

    async def page(
        self, after: int, limit: int, seen_by: Connection | None = None
    ) -> Sequence[asyncpg.Record]:
        return await self._source(seen_by).fetch(sql.PARKED_PAGE, after, limit)

    async def one(self, parked_id: int, seen_by: Connection | None = None) -> asyncpg.Record:
        row = await self._source(seen_by).fetchrow(sql.PARKED_ONE, parked_id)
        if row is None:
            raise RecordNotParked
        return row

    async def actions(
        self, before: int, limit: int, seen_by: Connection | None = None
    ) -> Sequence[asyncpg.Record]:
        return await self._source(seen_by).fetch(sql.ACTIONS_PAGE, before, limit)

    def _source(self, seen_by: Connection | None) -> Connection | Pool:
        return seen_by or self._transactions.pool

    async def retry(self, parked_id: int, reason: str, acted_by: str) -> Effect:
        """Apply the head, and what waited behind it until one fails again.

        Raises `RecordNotParked`, `NotTheHead`, and `StillFails` where the head itself fails.
        """
        row, effect = await self._release(parked_id, reason, acted_by, "retried")
        if any(parked.record.offset == row["offset"] for parked in effect.parked):
            raise StillFails(effect.parked[0].detail)
        return effect

    async def discard(self, parked_id: int, reason: str, acted_by: str) -> Effect:
        """Give the head up for ever: its stream goes on, and what waited behind it is applied."""
        _, effect = await self._release(parked_id, reason, acted_by, "discarded")
        return effect

    async def _release(
        self,
        parked_id: int,
        reason: str,
        acted_by: str,
        action: Literal["retried", "discarded"],
    ) -> tuple[asyncpg.Record, Effect]:
        effect = Effect()
        async with self._transactions.pool.acquire() as connection:
            await self._transactions.require_whole(connection)
            async with connection.transaction():
                row = await self._lock_head(connection, parked_id)
                resumed = await _discard(connection, row) if action == "discarded" else []
                works = await self._apply_waiting(connection, row, effect, resumed)
                failed = any(p.record.offset == row["offset"] for p in effect.parked)
                done = "failed_again" if failed else action
                await _record(connection, row, done, reason, acted_by)
            for work in works:
                self._transactions.committed(work)
        tell(effect)
        self._applied(effect)
        return row, effect

    async def _lock_head(self, connection: Connection, parked_id: int) -> asyncpg.Record:
        row = await connection.fetchrow(sql.PARKED_ONE, parked_id)
        if row is None:
            raise RecordNotParked
        await lock_offsets(connection, [(row["topic"], row["partition"])])
        row = await connection.fetchrow(sql.PARKED_ONE, parked_id)
        if row is None:
            raise RecordNotParked
        if not row["is_head"]:
            raise NotTheHead
        return row

    async def _apply_waiting(
        self,
        connection: Connection,
        head: asyncpg.Record,
        effect: Effect,
        resumed: Sequence[Stream],
    ) -> list[Work]:
        """Sort what is parked under the key anew, as if it had just come."""
        where = head["topic"], head["partition"], head["key"]
        rows = await connection.fetch(sql.PARKED_OF_KEY, *where)
        works = await self._batches.apply_records(
            connection,
            [stored_record(row) for row in rows],
            effect,
            released=frozenset({key_of(stored_record(head))}),
            resumed=resumed,
        )
        again = {parked.record.offset for parked in effect.parked}
        gone = [row["parked_id"] for row in rows if row["offset"] not in again]
        await connection.execute(sql.UNPARK, gone)
        return works


async def _discard(connection: Connection, row: asyncpg.Record) -> Sequence[Stream]:
    """Take the head away, and return its stream if that can go on now."""
    await connection.execute(sql.UNPARK, [row["parked_id"]])
    record = stored_record(row)
    try:
        envelope = from_headers(record.headers)
    except Unreadable:
        return []  # it names no stream that could go on
    last = await connection.fetchval(sql.LAST_VERSION, record.topic, envelope.stream)
    if envelope.version != (last or 0) + 1:
        return []  # a fork
    stream = [record.topic], [envelope.stream]
    where = record.topic, record.partition, record.offset
    await connection.execute(sql.DISCARD, envelope.event_id, *where)
    await connection.execute(sql.MOVE_STREAMS, *stream, [envelope.version], [envelope.event_id])
    await connection.execute(sql.RELEASE_HELD, *stream)
    return [(record.topic, envelope.stream)]


async def _record(
    connection: Connection, row: asyncpg.Record, action: str, reason: str, acted_by: str
) -> None:
    await connection.execute(
        sql.RECORD_ACTION,
        row["topic"],
        row["partition"],
        row["offset"],
        row["event_id"],
        action,
        reason,
        acted_by,
    )


def describe(row: asyncpg.Record) -> dict[str, Any]:
    """A parked record for people: its bytes as text where they are text, else as hex."""
    record = stored_record(row)
    return {
        "parked_id": row["parked_id"],
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": _text(record.key),
        "event_id": row["event_id"] and str(row["event_id"]),
        "reason": row["reason"],
        "detail": row["detail"],
        "is_head": row["is_head"],
        "parked_at": row["parked_at"].isoformat(),
        "headers": [[name, _text(value)] for name, value in record.headers],
        "body": _text(record.value),
    }


def _text(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"hex:{value.hex()}"
