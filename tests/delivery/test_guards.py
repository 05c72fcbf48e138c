"""For each guard of the delivery core: what breaks without it, beside the real one that holds."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from shared.consuming import batch as batch_module
from shared.consuming.batch import Batches
from shared.consuming.inbox import Known, Parked, Sorted, Sorting, read
from shared.consuming.record import Received, Record
from shared.postgres import Connection
from shared.relay import SENT, UNSENT
from shared.work import Cause
from tests.delivery.conftest import Listening
from tests.delivery.streams import COUNTER, Add, Told, stream_of, written

CAUSE = Cause(correlation="a-test")
MOVE = "UPDATE consumer_offset SET next_offset = $1"
KNOW = "INSERT INTO consumer_offset (topic, partition) VALUES ($1, 0) ON CONFLICT DO NOTHING"


class Crash(Exception):
    """The process ends here."""


class Broker:
    """What it has said yes to, in order."""

    def __init__(self) -> None:
        self.log: list[tuple[str, int]] = []
        self.away = False

    def take(self, rows: Sequence[asyncpg.Record]) -> None:
        if self.away:
            raise ConnectionResetError
        self.log += [(row["stream"], row["version"]) for row in rows]


async def add(listening: Listening, identity: str, events: int = 1) -> None:
    async with listening.transactions.begin(CAUSE) as work:
        await work.decide(COUNTER, identity, Add(identity, events))


async def relay_once(
    connection: Connection, broker: Broker, *, unsent: str = UNSENT, limit: int = 500
) -> None:
    """One step as the relay makes it: read, send, delete what was acknowledged."""
    async with connection.transaction():
        rows = await connection.fetch(unsent, limit)
        broker.take(rows)
        await connection.execute(SENT, [row["position"] for row in rows], "", [], [])


# --- The outbox in the transaction


async def test_without_an_outbox_what_was_committed_before_a_crash_is_never_sent(
    listening: Listening,
) -> None:
    broker = Broker()

    async def save_then_publish() -> None:
        await add(listening, "a")
        await listening.pool.execute("DELETE FROM outbox")  # as if there were none
        raise Crash

    with pytest.raises(Crash):
        await save_then_publish()
    async with listening.pool.acquire() as connection:
        await relay_once(connection, broker)
    assert broker.log == []


async def test_with_the_outbox_it_is_sent_whenever_somebody_comes_back(
    listening: Listening,
) -> None:
    broker = Broker()

    async def crash_before_the_commit() -> None:
        async with listening.transactions.begin(CAUSE) as work:
            await work.decide(COUNTER, "never", Add("never"))
            await work.save()
            raise Crash

    with pytest.raises(Crash):
        await crash_before_the_commit()
    await add(listening, "a")
    async with listening.pool.acquire() as connection:
        await relay_once(connection, broker)
    assert broker.log == [("organisation/a", 1)]


# --- Deleting only after the acknowledgement


async def test_deleting_before_the_acknowledgement_loses_what_the_broker_did_not_take(
    listening: Listening,
) -> None:
    broker = Broker()
    await add(listening, "a")

    async def deletes_first(connection: Connection) -> None:
        rows = await connection.fetch(UNSENT, 500)
        await connection.execute(SENT, [row["position"] for row in rows], "", [], [])
        broker.take(rows)

    async with listening.pool.acquire() as connection:
        broker.away = True
        with pytest.raises(ConnectionResetError):
            await deletes_first(connection)
        broker.away = False
        await deletes_first(connection)
    assert broker.log == []


async def test_deleting_after_the_acknowledgement_loses_nothing(listening: Listening) -> None:
    broker = Broker()
    await add(listening, "a")
    async with listening.pool.acquire() as connection:
        broker.away = True
        with pytest.raises(ConnectionResetError):
            await relay_once(connection, broker)
        broker.away = False
        await relay_once(connection, broker)
    assert broker.log == [("organisation/a", 1)]


# --- Order


async def test_in_another_order_than_by_position_a_stream_is_turned_round(
    listening: Listening,
) -> None:
    broker = Broker()
    await add(listening, "a", events=3)
    other = UNSENT.replace("ORDER BY position", "ORDER BY position DESC")
    async with listening.pool.acquire() as connection:
        await relay_once(connection, broker, unsent=other)
    assert [version for _, version in broker.log] == [3, 2, 1]


async def test_by_position_a_stream_stays_in_order(listening: Listening) -> None:
    broker = Broker()
    await add(listening, "a", events=3)
    async with listening.pool.acquire() as connection:
        await relay_once(connection, broker)
    assert [version for _, version in broker.log] == [1, 2, 3]


async def overtaking(listening: Listening, unsent: str) -> list[int]:
    """Versions as the broker got them, while one relay is slow and another is not."""
    broker = Broker()
    await add(listening, "a", events=2)
    slow, quick = [await asyncpg.connect(listening.url) for _ in range(2)]
    async with slow.transaction():
        rows = await slow.fetch(unsent, 1)
        overtaker = asyncio.create_task(relay_once(quick, broker, unsent=unsent))
        await asyncio.wait([overtaker], timeout=0.3)
        broker.take(rows)
        await slow.execute(SENT, [row["position"] for row in rows], "", [], [])
    await overtaker
    for connection in (slow, quick):
        await connection.close()
    return [version for _, version in broker.log]


async def test_a_relay_that_skips_what_another_has_locked_overtakes_it(
    listening: Listening,
) -> None:
    skipping = UNSENT.replace("FOR UPDATE OF outbox", "FOR UPDATE OF outbox SKIP LOCKED")
    assert await overtaking(listening, skipping) == [2, 1]


async def test_a_relay_that_waits_for_the_row_lock_overtakes_nobody(
    listening: Listening,
) -> None:
    assert await overtaking(listening, UNSENT) == [1, 2]


async def late_commit(listening: Listening, read_on: Any) -> list[str]:  # noqa: ANN401  either way
    """Streams as they were read, while one took its position early and committed late."""
    async with listening.transactions.begin(CAUSE) as early:
        await early.decide(COUNTER, "early", Add("early"))
        await early.save()
        await add(listening, "late")
        found = await read_on()
    return [row["stream"] for row in (*found, *await read_on())]


async def test_a_cursor_behind_the_last_position_seen_loses_what_commits_late(
    listening: Listening,
) -> None:
    last = 0

    async def behind_the_last() -> Sequence[asyncpg.Record]:
        nonlocal last
        statement = "SELECT * FROM event WHERE position > $1 ORDER BY position"
        rows = await listening.pool.fetch(statement, last)
        last = max([last, *(row["position"] for row in rows)])
        return rows

    assert await late_commit(listening, behind_the_last) == ["organisation/late"]


async def test_rows_that_are_deleted_when_sent_lose_nothing_that_commits_late(
    listening: Listening,
) -> None:
    async def waiting() -> Sequence[asyncpg.Record]:
        async with listening.pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(UNSENT, 500)
            await connection.execute(SENT, [row["position"] for row in rows], "", [], [])
            return rows

    assert await late_commit(listening, waiting) == ["organisation/late", "organisation/early"]


# --- The fence


class Unfenced(Batches):
    """Believes whoever comes with records, and moves the offset behind them."""

    async def apply(
        self, connection: Connection, records: Sequence[Record], *, guarded: bool
    ) -> Any:  # noqa: ANN401  as its base
        await connection.execute(KNOW, records[0].topic)
        await connection.execute(MOVE, records[0].offset)
        return await super().apply(connection, records, guarded=guarded)


async def test_without_the_fence_a_consumer_at_a_wrong_place_loses_what_it_jumps_over(
    listening: Listening,
) -> None:
    log = written(Told("a", 1), Told("b", 1), Told("c", 1))
    unfenced = Unfenced(listening.transactions, listening.effects)
    await unfenced.transact(log[:1])
    await unfenced.transact(log[2:])
    # Whoever comes next goes on behind the last: b is never asked for again.
    assert await listening.applied() == [("a", 1), ("c", 1)]
    assert await listening.offsets() == {0: 3}


async def test_with_the_fence_it_is_sent_back(listening: Listening) -> None:
    log = written(Told("a", 1), Told("b", 1), Told("c", 1))
    await listening.batches.transact(log[:1])
    effect = await listening.batches.transact(log[2:])
    (stands_at,) = effect.out_of_step.values()
    await listening.batches.transact(log[stands_at:])
    assert await listening.applied() == [("a", 1), ("b", 1), ("c", 1)]


# --- The duplicate check


class TakesEverything(Sorting):
    """Sorts nothing out."""

    def sort(self, records: Any) -> Sorted:  # noqa: ANN401  as its base
        return Sorted(apply=[one for one in records if isinstance(one, Received)])


async def test_without_any_duplicate_check_what_comes_twice_counts_twice(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def decides_nothing(*_: object) -> None:
        return None

    monkeypatch.setattr(batch_module, "Sorting", TakesEverything)
    monkeypatch.setattr(batch_module, "_decide", decides_nothing)
    first = Told("a", 1)
    await listening.batches.transact(written(first, first))
    assert await listening.applied() == [("a", 1), ("a", 1)]


async def test_the_outcomes_alone_keep_it_from_counting_twice_and_show_it(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "Sorting", TakesEverything)
    first = Told("a", 1)
    await listening.batches.transact(written(first, first))
    assert await listening.applied() == [("a", 1)]
    assert await listening.parked() == [(1, "cannot_apply")]


async def test_with_the_duplicate_check_it_is_dropped(listening: Listening) -> None:
    first = Told("a", 1)
    effect = await listening.batches.transact(written(first, first))
    assert (await listening.applied(), effect.duplicates) == ([("a", 1)], 1)
    assert await listening.parked() == []


async def test_without_versions_what_comes_too_early_is_applied_too_early(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "Sorting", TakesEverything)
    first, second = stream_of("a", 2)
    await listening.batches.transact(written(second, first))
    assert await listening.applied() == [("a", 2), ("a", 1)]


# --- Effects and offset in one transaction


async def apply_alone(listening: Listening, records: Sequence[Record]) -> None:
    """Only the effects, without what else the batch's transaction holds."""
    items: list[Received | Parked] = [read(record) for record in records]
    known = Known({}, frozenset(), frozenset())
    async with listening.transactions.begin(CAUSE) as work:
        await listening.effects.apply(work, Sorting(known).sort(items).apply)


async def stored_offset(listening: Listening) -> int:
    offset: int | None = await listening.pool.fetchval("SELECT next_offset FROM consumer_offset")
    return offset or 0


async def move_alone(listening: Listening, records: Sequence[Record]) -> None:
    await listening.pool.execute(KNOW, records[0].topic)
    await listening.pool.execute(MOVE, records[-1].offset + 1)


async def test_effects_before_offset_double_when_it_ends_in_between(
    listening: Listening,
) -> None:
    log = written(*stream_of("a", 2))
    await apply_alone(listening, log)  # and here the process ends
    rest = log[await stored_offset(listening) :]
    await apply_alone(listening, rest)
    await move_alone(listening, rest)
    assert await listening.applied() == [("a", 1), ("a", 2), ("a", 1), ("a", 2)]


async def test_offset_before_effects_loses_when_it_ends_in_between(
    listening: Listening,
) -> None:
    log = written(*stream_of("a", 2))
    await move_alone(listening, log)  # and here the process ends
    assert log[await stored_offset(listening) :] == []
    assert await listening.applied() == []


async def test_together_they_neither_double_nor_lose(listening: Listening) -> None:
    log = written(*stream_of("a", 2))
    listening.effects.faults = [ConnectionResetError()]
    with pytest.raises(ConnectionResetError):
        await listening.batches.transact(log)
    assert (await listening.applied(), await stored_offset(listening)) == ([], 0)
    await listening.batches.transact(log)
    effect = await listening.batches.transact(log)
    assert effect.out_of_step != {}
    assert await listening.applied() == [("a", 1), ("a", 2)]
