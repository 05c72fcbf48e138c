"""Some partitions of the whole log, read on from where the second ledger stands."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any, Final
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.consuming.batch import Partition
from shared.consuming.inbox import read
from shared.consuming.record import Received, Record
from shared.kafka import reaching

RECORDS_MAX: Final = 4_000
"""Nobody waits for one of them: what a transaction costs by itself is shared by many."""
POLL_MS: Final = 500


class AnotherLog(Exception):
    """Kafka no longer holds what the second ledger, or the first, has read."""


class Reader:
    def __init__(self, consumer: Any, ends: Mapping[Partition, int]) -> None:  # noqa: ANN401  untyped
        self._consumer = consumer
        self._ends = {TopicPartition(*partition): end for partition, end in ends.items()}

    async def begin(self, stored: Mapping[Partition, tuple[int, UUID | None]]) -> None:
        """Go on where it stopped; what was read last must still stand before."""
        self._consumer.assign(list(self._ends))
        begins = await self._consumer.beginning_offsets(list(self._ends))
        ends = await self._consumer.end_offsets(list(self._ends))
        for tp, wanted in self._ends.items():
            offset, last_event_id = stored[tp.topic, tp.partition]
            if begins[tp] > 0 or ends[tp] < wanted:
                raise AnotherLog(
                    f"{tp.topic}/{tp.partition} holds offsets {begins[tp]} to {ends[tp]}, and "
                    f"the ledger has read as far as {wanted}"
                )
            if offset > wanted:
                raise AnotherLog(f"the ledger itself reads {tp.topic}/{tp.partition} anew")
            if last_event_id is not None:
                await self._read_back(tp, offset - 1, last_event_id)
            self._consumer.seek(tp, offset)
            if offset == wanted:
                self._consumer.pause(tp)

    async def _read_back(self, tp: TopicPartition, offset: int, event_id: UUID) -> None:
        self._consumer.seek(tp, offset)
        found: Sequence[Record] = ()
        while not found:
            fetched = await self._consumer.getmany(tp, timeout_ms=POLL_MS, max_records=1)
            found = fetched.get(tp, ())
        item = read(found[0])
        held = item.envelope.event_id if isinstance(item, Received) else item.event_id
        if held != event_id:
            raise AnotherLog(f"{tp.topic}/{tp.partition}/{offset} holds another event than before")

    async def batches(self) -> AsyncIterator[Sequence[Record]]:
        """Yield what comes before the ends, the records of a partition in their order."""
        left = set(self._ends) - self._consumer.paused()
        while left:
            fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS_MAX)
            records = list(chain.from_iterable(fetched.values()))
            inside = [
                r for r in records if r.offset < self._ends[TopicPartition(r.topic, r.partition)]
            ]
            if inside:
                yield inside
            for tp in list(fetched):
                if await self._consumer.position(tp) >= self._ends[tp]:
                    self._consumer.pause(tp)
                    left.discard(tp)


@asynccontextmanager
async def reader(bootstrap: str, ends: Mapping[Partition, int]) -> AsyncIterator[Reader]:
    """Read without a group: nobody's offsets in Kafka are touched, no partition is moved."""
    consumer = AIOKafkaConsumer(
        **reaching(bootstrap),
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_wait_ms=POLL_MS,
    )
    try:
        await consumer.start()
        yield Reader(consumer, ends)
    finally:
        await consumer.stop()
