"""Listens to the topics of one service, and goes on through every fault that may pass."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from shared.clock import age_ms
from shared.consuming import statements as sql
from shared.consuming.applying import Applier
from shared.consuming.batch import PASSING, Batches, Effect, Partition, may_pass
from shared.consuming.inbox import read
from shared.consuming.record import Received, Record
from shared.consuming.telling import tell
from shared.handling import Transactions
from shared.kafka import build_broker, reach, subscribe
from shared.metrics import BATCH_SECONDS

BACK_OFF_S: Final = (0.05, 5.0)
COMMIT_EVERY_S: Final = 1.0
LOOK_EVERY_S: Final = 2.0
LOOK_TIMEOUT_S: Final = 10.0

log = structlog.get_logger("consumer")


class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]  # the client ships no types
    """Fetches, applies, and keeps trying; its offsets stand in PostgreSQL beside the effects."""

    def __init__(
        self,
        transactions: Transactions,
        applier: Applier,
        bootstrap: str,
        topics: tuple[str, ...],
        *,
        applied: Callable[[Effect], None] = lambda _: None,
    ) -> None:
        self.batches = Batches(transactions, applier)
        self.topics = topics
        self.truncated: dict[Partition, str] = {}
        """Where Kafka no longer holds what was applied: `yui events republish` refills it."""
        self.running = False
        self._transactions = transactions
        self._bootstrap = bootstrap
        self._broker = build_broker(bootstrap)
        self._subscriber = subscribe(self._broker, transactions.service, topics, self)
        self._subscriber(self._on_batch)
        self._unplaced: set[Partition] = set()
        self._placing = asyncio.Lock()
        self._to_verify: dict[Partition, tuple[int, UUID]] = {}
        self._positions: dict[Partition, int] = {}
        self._ends: dict[Partition, int] = {}
        self._trying_since: float | None = None
        self._advanced_at = time.monotonic()
        self._seen_at = time.monotonic()
        self._oldest: datetime | None = None
        self._applied = applied

    async def run(self) -> None:
        """Listen until cancelled."""
        try:
            await self._start()
            self.running = True
            async with asyncio.TaskGroup() as beside:
                beside.create_task(self._tell_kafka())
                beside.create_task(self._look_at_ends())
        finally:
            self.running = False
            with suppress(Exception):
                await self._broker.stop()

    async def _start(self) -> None:
        back_off_s = BACK_OFF_S[0]
        while True:
            try:
                await reach(self._bootstrap)
                await self._broker.start()
            except (KafkaError, OSError) as fault:
                log.warning("broker_away", fault=type(fault).__name__, says=str(fault))
                with suppress(Exception):
                    await self._broker.stop()
            else:
                return
            back_off_s = await _wait(back_off_s)

    # --- How it goes

    def lag(self) -> int:
        """How many records are known to wait in the partitions of this process."""
        return sum(
            max(0, self._ends.get(partition, 0) - position)
            for partition, position in self._positions.items()
        )

    def stuck_s(self) -> float:
        """For how long nothing was applied although something waits, or Kafka was not reached."""
        now = time.monotonic()
        advanced_at = self._trying_since or (self._advanced_at if self.lag() else now)
        # Two looks may fall between a broker's answers without anything being wrong.
        unseen_s = now - self._seen_at - 2 * LOOK_EVERY_S
        return max(0.0, now - advanced_at, unseen_s)

    def oldest_unapplied_s(self) -> float:
        """The age of the oldest event in hand, or of what was applied last while more waits."""
        waits = self._trying_since is not None or self.lag() > 0
        return age_ms(self._oldest) / 1000 if waits and self._oldest is not None else 0.0

    # --- Batches

    async def _on_batch(self, records: Any) -> None:  # noqa: ANN401  FastStream reads annotations
        self._trying_since = time.monotonic()
        try:
            while self._unplaced & {(r.topic, r.partition) for r in records}:
                records = await self._place_late(records)
            fresh = self._verify(records)
            if fresh:
                self._oldest = _recorded_at(fresh)
                effect = await self._until_done(fresh)
                self._note(fresh, effect)
        finally:
            self._trying_since = None

    async def _until_done(self, records: Sequence[Record]) -> Effect:
        """Try until it is done: whatever is not its records' fault must be mended elsewhere."""
        back_off_s = BACK_OFF_S[0]
        while True:
            try:
                with BATCH_SECONDS.time():
                    return await self.batches.transact(records)
            except Exception as fault:  # noqa: BLE001  FastStream would swallow it and go on
                told = log.warning if may_pass(fault) else log.error
                told("batch_again", fault=type(fault).__name__)
            back_off_s = await _wait(back_off_s)

    def _note(self, records: Sequence[Record], effect: Effect) -> None:
        self._advanced_at = time.monotonic()
        for record in records:
            partition = record.topic, record.partition
            if partition in self._positions and partition not in effect.out_of_step:
                self._positions[partition] = record.offset + 1
        # Somebody else has moved it, or Kafka has: ask both where to go on.
        self._unplaced |= effect.out_of_step.keys()
        for partition, offset in effect.out_of_step.items():
            self._seek(partition, offset)
        tell(effect)
        self._applied(effect)

    # --- Where to go on

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        for partition in revoked:
            self._positions.pop(partition, None)
            self._to_verify.pop(partition, None)
            self.truncated.pop(partition, None)
            self._unplaced.discard(partition)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        await self._try_to_place(tuple(tp) for tp in assigned)

    async def _place_late(self, records: Sequence[Record]) -> Sequence[Record]:
        """Place what could not be placed when it was assigned, and drop what came of it."""
        unplaced = self._unplaced & {(r.topic, r.partition) for r in records}
        if not await self._try_to_place():
            await _wait(LOOK_EVERY_S)
        return [r for r in records if (r.topic, r.partition) not in unplaced - self._unplaced]

    async def _try_to_place(self, others: Iterable[Partition] = ()) -> bool:
        """Go on where PostgreSQL says, one record earlier, to see that it is still the same."""
        self._unplaced |= set(others)
        async with self._placing:
            self._unplaced &= self._assigned()
            try:
                if self._unplaced:
                    await self._place(sorted(self._unplaced))
            except Exception as fault:  # noqa: BLE001  tried again before any of its records counts
                log.warning("assignment_unread", fault=type(fault).__name__)
                return False
        return True

    async def _place(self, partitions: Sequence[Partition]) -> None:
        columns = [topic for topic, _ in partitions], [number for _, number in partitions]
        await self._transactions.pool.execute(sql.KNOW_PARTITIONS, *columns)
        rows = await self._transactions.pool.fetch(sql.READ_OFFSETS, *columns)
        begins, ends = await self._bounds(partitions)
        for row in rows:
            partition = row["topic"], row["partition"]
            stored, last_event_id = row["next_offset"], row["last_event_id"]
            self._unplaced.discard(partition)
            if begins[partition] > stored or ends[partition] < stored:
                self._stop(partition, f"the log does not reach offset {stored}")
                continue
            self._to_verify.pop(partition, None)
            self._positions[partition] = stored
            self._ends[partition] = ends[partition]
            first = stored
            if last_event_id is not None and begins[partition] < stored:
                self._to_verify[partition] = (stored, last_event_id)
                first -= 1
            else:
                self._mended(partition)
            self._seek(partition, first)
            with suppress(IllegalStateError):
                self._subscriber.consumer.resume(TopicPartition(*partition))  # type: ignore[union-attr]

    async def _bounds(
        self, partitions: Iterable[Partition]
    ) -> tuple[Mapping[Partition, int], Mapping[Partition, int]]:
        consumer: AIOKafkaConsumer = self._subscriber.consumer
        wanted = [TopicPartition(*partition) for partition in partitions]
        async with asyncio.timeout(LOOK_TIMEOUT_S):
            if not wanted:  # one that shares with many may have none, and asks all the same
                await consumer.topics()
            return await consumer.beginning_offsets(wanted), await consumer.end_offsets(wanted)

    def _verify(self, records: Sequence[Record]) -> Sequence[Record]:
        """Drop the one record that was read back, or stop where it is another than before.

        What is fetched while one is to be read back was fetched before the seek to it.
        """
        if not self._to_verify and not self.truncated:
            return records
        fresh: list[Record] = []
        for record in records:
            partition = record.topic, record.partition
            if partition in self._to_verify:
                self._read_back(partition, record)
            elif partition not in self.truncated:
                fresh.append(record)
        return fresh

    def _read_back(self, partition: Partition, record: Record) -> None:
        stored, last_event_id = self._to_verify[partition]
        if record.offset != stored - 1:
            return
        del self._to_verify[partition]
        item = read(record)
        event_id = item.envelope.event_id if isinstance(item, Received) else item.event_id
        if event_id == last_event_id:
            self._mended(partition)
        else:
            self._stop(partition, f"offset {record.offset} holds another event")

    def _stop(self, partition: Partition, why: str) -> None:
        if self.truncated.get(partition) != why:
            log.error("partition_truncated", topic=partition[0], partition=partition[1], why=why)
        self.truncated[partition] = why
        self._positions.pop(partition, None)
        with suppress(IllegalStateError):
            self._subscriber.consumer.pause(TopicPartition(*partition))  # type: ignore[union-attr]

    def _mended(self, partition: Partition) -> None:
        if self.truncated.pop(partition, None) is not None:
            log.info("partition_mended", topic=partition[0], partition=partition[1])

    def _seek(self, partition: Partition, offset: int) -> None:
        consumer = self._subscriber.consumer
        if consumer is not None:
            with suppress(IllegalStateError):
                consumer.seek(TopicPartition(*partition), offset)

    def _assigned(self) -> set[Partition]:
        consumer = self._subscriber.consumer
        return set() if consumer is None else {(t, p) for t, p in consumer.assignment()}

    # --- Beside

    async def _tell_kafka(self) -> None:
        """For tools that show lag, lazily; nothing depends on it."""
        while True:
            await asyncio.sleep(COMMIT_EVERY_S)
            consumer = self._subscriber.consumer
            mine = {TopicPartition(*p): offset for p, offset in self._positions.items() if offset}
            if consumer is not None and mine:
                with suppress(KafkaError, ValueError):
                    await consumer.commit(mine)

    async def _look_at_ends(self) -> None:
        """See what waits, that the log still reaches as far as before, and what was mended."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            with suppress(KafkaError, *PASSING):
                _, ends = await self._bounds(self._assigned())
                self._seen_at = time.monotonic()
                self._ends = dict(ends)
                lost = {p for p, at in self._positions.items() if ends.get(p, at) < at}
                put_back = await self._put_back()
                await self._try_to_place(lost | put_back | self.truncated.keys())
            if self.lag() == 0:
                self._advanced_at = time.monotonic()

    async def _put_back(self) -> set[Partition]:
        """Return partitions that stand before where this process has brought them.

        The database was put back to an earlier moment; where nothing new comes, nobody would ask
        it again where to go on.
        """
        reached = dict(self._positions)
        columns = [topic for topic, _ in reached], [number for _, number in reached]
        rows = await self._transactions.pool.fetch(sql.READ_OFFSETS, *columns)
        stored = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        found = {partition for partition, at in reached.items() if stored.get(partition, 0) < at}
        if found:
            log.error("offsets_put_back", partitions=len(found))
        return found


async def _wait(back_off_s: float) -> float:
    """Wait about that long; return how long to wait the next time."""
    await asyncio.sleep(back_off_s * random.uniform(0.5, 1))  # noqa: S311  jitter
    return min(back_off_s * 2, BACK_OFF_S[1])


def _recorded_at(records: Sequence[Record]) -> datetime | None:
    """When the oldest was recorded, as far as the first of each partition tells."""
    first = {(r.topic, r.partition): r for r in reversed(records)}
    items = [read(record) for record in first.values()]
    times = [item.envelope.recorded_at for item in items if isinstance(item, Received)]
    return min(times, default=None)
