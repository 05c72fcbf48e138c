"""Listens to the topics of one service, and goes on through every fault that may pass."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from shared.clock import age_ms
from shared.consuming import statements as sql
from shared.consuming.applying import Applier
from shared.consuming.batch import PASSING, Batches, Effect, Partition
from shared.consuming.inbox import read
from shared.consuming.record import Received, Record, place
from shared.handling import Transactions
from shared.kafka import build_broker, subscribe
from shared.metrics import BATCH_SECONDS, EVENTS_APPLIED, RECORDS_PARKED

BACK_OFF_S: Final = (0.05, 5.0)
COMMIT_EVERY_S: Final = 1.0

log = structlog.get_logger("consumer")


class Truncated(Exception):
    """Kafka does not hold what was applied from it: `yui events republish` refills it."""


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
        self.trying_since: float | None = None
        self.oldest_in_hand_s = 0.0
        self.running = False
        self._transactions = transactions
        self._broker = build_broker(bootstrap)
        self._subscriber = subscribe(self._broker, transactions.service, topics, self)
        self._subscriber(self._on_batch)
        self._to_verify: dict[Partition, tuple[int, object]] = {}
        self._positions: dict[Partition, int] = {}
        self._applied = applied

    async def run(self) -> None:
        """Listen until cancelled."""
        back_off_s = BACK_OFF_S[0]
        while True:
            try:
                await self._broker.start()
                self.running = True
                break
            except (KafkaError, OSError) as fault:
                log.warning("broker_away", fault=type(fault).__name__)
                await asyncio.sleep(back_off_s * random.uniform(0.5, 1))  # noqa: S311  jitter
                back_off_s = min(back_off_s * 2, BACK_OFF_S[1])
        try:
            while True:
                await asyncio.sleep(COMMIT_EVERY_S)
                await self._tell_kafka()
        finally:
            with suppress(Exception):
                await self._broker.stop()

    def lag(self) -> int:
        """How many records are known to wait in the partitions of this process."""
        consumer = self._subscriber.consumer
        if consumer is None:
            return 0
        waiting = 0
        for (topic, number), position in self._positions.items():
            with suppress(IllegalStateError, AssertionError, KeyError):
                high = consumer.highwater(TopicPartition(topic, number))
                waiting += max(0, (high or 0) - position)
        return waiting

    def stuck_s(self) -> float:
        """For how long the batch in hand has been tried without success."""
        return 0.0 if self.trying_since is None else time.monotonic() - self.trying_since

    # --- Batches

    async def _on_batch(self, records: Any) -> None:  # noqa: ANN401  FastStream reads annotations
        fresh = self._verify(records)
        if not fresh:
            return
        self.trying_since = time.monotonic()
        try:
            effect = await self._until_done(fresh)
        finally:
            self.trying_since = None
            self.oldest_in_hand_s = 0.0
        for partition, offset in effect.out_of_step.items():
            self._seek(partition, offset)
        self._note(fresh, effect)

    async def _until_done(self, records: Sequence[Record]) -> Effect:
        back_off_s = BACK_OFF_S[0]
        while True:
            try:
                with BATCH_SECONDS.time():
                    return await self.batches.transact(records)
            except PASSING as fault:
                self.oldest_in_hand_s = _oldest_s(records)
                log.warning("batch_again", fault=type(fault).__name__, detail=str(fault)[:200])
            await asyncio.sleep(back_off_s * random.uniform(0.5, 1))  # noqa: S311  jitter
            back_off_s = min(back_off_s * 2, BACK_OFF_S[1])

    def _note(self, records: Sequence[Record], effect: Effect) -> None:
        for record in records:
            self._positions[record.topic, record.partition] = record.offset + 1
        for partition, offset in effect.out_of_step.items():
            self._positions[partition] = offset
        for received, outcome in effect.applied:
            envelope = received.envelope
            log.info(
                "event_applied",
                outcome=outcome,
                event_id=str(envelope.event_id),
                type=envelope.type_name,
                stream=envelope.stream,
                version=envelope.version,
                correlation=envelope.correlation,
                causation=envelope.causation and str(envelope.causation),
                topic=received.record.topic,
                partition=received.record.partition,
                offset=received.record.offset,
                age_ms=age_ms(envelope.recorded_at),
            )
            EVENTS_APPLIED.labels(outcome).inc()
        for parked in effect.parked:
            where, why = place(parked.record), parked.detail[:300]
            log.error("record_parked", place=where, reason=parked.reason, detail=why)
            RECORDS_PARKED.inc()
        self._applied(effect)

    # --- Where to go on

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        for tp in revoked:
            self._positions.pop((tp.topic, tp.partition), None)
            self._to_verify.pop((tp.topic, tp.partition), None)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Go on where PostgreSQL says, one record earlier, to see that it is still the same."""
        try:
            await self._go_on(list(assigned))
        except PASSING as fault:
            # The fence puts right what is fetched from a wrong place.
            log.warning("assignment_unread", fault=type(fault).__name__)

    async def _go_on(self, assigned: Sequence[TopicPartition]) -> None:
        columns = [tp.topic for tp in assigned], [tp.partition for tp in assigned]
        await self._transactions.pool.execute(sql.KNOW_PARTITIONS, *columns)
        rows = await self._transactions.pool.fetch(sql.READ_OFFSETS, *columns)
        ends = await self._subscriber.consumer.end_offsets(list(assigned))  # type: ignore[union-attr]  # started
        for row in rows:
            partition = row["topic"], row["partition"]
            stored, last_event_id = row["next_offset"], row["last_event_id"]
            self.truncated.pop(partition, None)
            if ends[TopicPartition(*partition)] < stored:
                self._stop(partition, f"the log ends before offset {stored}")
                continue
            if last_event_id is not None:
                self._to_verify[partition] = (stored, last_event_id)
                stored -= 1
            self._positions[partition] = stored
            self._seek(partition, stored)

    def _verify(self, records: Sequence[Record]) -> Sequence[Record]:
        """Drop the one record that was read back, or stop where it is another than before."""
        if not self._to_verify and not self.truncated:
            return records
        fresh: list[Record] = []
        for record in records:
            partition = record.topic, record.partition
            if partition in self.truncated:
                continue
            stored, last_event_id = self._to_verify.get(partition, (0, None))
            if last_event_id is None or record.offset >= stored:
                fresh.append(record)
            elif record.offset == stored - 1:
                del self._to_verify[partition]
                item = read(record)
                event_id = item.envelope.event_id if isinstance(item, Received) else item.event_id
                if event_id != last_event_id:
                    self._stop(partition, f"offset {record.offset} holds another event")
        return fresh

    def _stop(self, partition: Partition, why: str) -> None:
        self.truncated[partition] = why
        log.error("partition_truncated", topic=partition[0], partition=partition[1], why=why)
        with suppress(IllegalStateError):
            self._subscriber.consumer.pause(TopicPartition(*partition))  # type: ignore[union-attr]

    def _seek(self, partition: Partition, offset: int) -> None:
        consumer = self._subscriber.consumer
        if consumer is not None:
            with suppress(IllegalStateError):
                consumer.seek(TopicPartition(*partition), offset)

    async def _tell_kafka(self) -> None:
        """For tools that show lag; nothing depends on it."""
        consumer = self._subscriber.consumer
        mine = {TopicPartition(*p): offset for p, offset in self._positions.items() if offset}
        if consumer is not None and mine:
            with suppress(KafkaError, ValueError):
                await consumer.commit(mine)


def _oldest_s(records: Sequence[Record]) -> float:
    items = [read(record) for record in records]
    ages = [age_ms(i.envelope.recorded_at) for i in items if isinstance(i, Received)]
    return max(ages, default=0.0) / 1000
