"""What Kafka holds, read from the first record of each topic to the last."""

import asyncio
import hashlib
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.memory_records import MemoryRecords

from deploy.checking.login import hosts_of, reaching
from deploy.checking.reading import Fact, fact_of_record
from deploy.problem import Problem

TOPIC: Final = re.compile(r"yui\.([a-z_]+)\.v1")
POLL_MS: Final = 500
RECORDS_MAX: Final = 2_000
FETCHED_BYTES: Final = 8 * 1024 * 1024
BETWEEN: Final = b"\x1f"
"""Between what a record tells beside its body, which holds none of it."""
OF_PARTITION_BYTES: Final = 1024 * 1024
SILENT_S: Final = 30.0
"""After this long without a record that must be there, something is wrong with the broker."""

Ends: TypeAlias = Mapping[tuple[str, int], int]
Event: TypeAlias = tuple[Any, ...]
"""Offset, id, what is told beside the body, body and digest, as the statement takes them that
holds it against what was told."""


@dataclass(frozen=True, slots=True)
class Place:
    """A record, and what was read of it; no fact where it is no event."""

    partition: int
    offset: int
    fact: Fact | None


@dataclass(slots=True)
class Heard:
    """Records of one partition, in their order."""

    partition: int
    end: int
    """The offset after the last of them."""
    events: list[Event] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    """Offsets of records that are no events: what Kafka may hold is anybody's."""
    last_event: str | None = None
    """At its last offset."""

    @property
    def records(self) -> int:
        return len(self.events) + len(self.others)


class KafkaLog:
    def __init__(self, consumer: Any, admin: Any, client: Any) -> None:  # noqa: ANN401 - they ship no types
        self._consumer = consumer
        self._admin = admin
        self._client = client

    async def topics(self) -> dict[str, str]:
        """Return the owner of each topic, by its name."""
        names = sorted(await self._admin.list_topics())
        return {name: found[1] for name in names if (found := TOPIC.fullmatch(name))}

    async def ends(self, topics: Sequence[str]) -> Ends:
        described = await self._admin.describe_topics(list(topics)) if topics else ()
        partitions = [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in described
            for partition in topic["partitions"]
        ]
        found = await self._consumer.end_offsets(partitions) if partitions else {}
        return {(tp.topic, tp.partition): end for tp, end in found.items()}

    async def read(self, topic: str, ends: Ends) -> AsyncIterator[Place]:
        """Yield the records before `ends`; those of one partition come in their order."""
        left = {TopicPartition(*where): end for where, end in ends.items() if where[0] == topic}
        left = {tp: end for tp, end in left.items() if end > 0}
        if not left:
            return
        self._consumer.assign(list(left))
        await self._consumer.seek_to_beginning()
        while left:
            fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS_MAX)
            for tp, records in fetched.items():
                for record in records:
                    if record.offset < left.get(tp, 0):
                        fact = fact_of_record(record.key, record.headers, record.value)
                        yield Place(tp.partition, record.offset, fact)
            for tp in [tp for tp, end in left.items() if await self._consumer.position(tp) >= end]:
                del left[tp]
                self._consumer.pause(tp)

    async def hear(self, topic: str, ends: Ends) -> AsyncIterator[Heard]:
        """Yield the records before `ends` as columns, some of one partition at a time.

        While the caller is busy with some, the next are fetched.
        """
        left = {number: end for (name, number), end in ends.items() if name == topic and end > 0}
        at = dict.fromkeys(left, 0)
        self._client.set_topics([topic])
        await self._client.force_metadata_update()
        moved = time.monotonic()
        fetching = asyncio.ensure_future(self._fetch(topic, at, left))
        try:
            while left:
                fetched = await fetching
                begun = [(number, at[number], left[number], raw) for number, raw in fetched]
                for number, first, end, raw in begun:
                    at[number] = _reaches(first, end, raw)
                if any(at[number] > first for number, first, *_ in begun):
                    moved = time.monotonic()
                left = {number: end for number, end in left.items() if at[number] < end}
                if left and time.monotonic() - moved > SILENT_S:
                    raise Problem(f"Kafka does not hand over {topic}", "See the broker's log")
                fetching = asyncio.ensure_future(self._fetch(topic, at, left))
                for one in begun:
                    if (heard := await _hear(*one)).records:
                        yield heard
        finally:
            fetching.cancel()

    async def _fetch(
        self, topic: str, at: Mapping[int, int], left: Iterable[int]
    ) -> list[tuple[int, bytes]]:
        """Ask each partition's leader; those that have just changed it answer later."""
        of_node: dict[int | None, list[int]] = defaultdict(list)
        for number in left:
            node = self._client.cluster.leader_for_partition(TopicPartition(topic, number))
            of_node[node].append(number)
        found: list[tuple[int, bytes]] = []
        for node, numbers in of_node.items():
            if node in {None, -1}:
                await self._client.force_metadata_update()
                continue
            wanted = [(number, at[number], OF_PARTITION_BYTES) for number in numbers]
            request = FetchRequest(POLL_MS, 1, FETCHED_BYTES, 0, [(topic, wanted)])
            response = await self._client.send(node, request)
            for _, partitions in response.topics:
                for number, code, *_, raw in partitions:
                    error = for_code(code)
                    if code and not error.retriable:
                        raise error(f"{topic}/{number}")
                    if code:
                        await self._client.force_metadata_update()
                    elif raw:
                        found.append((number, raw))
        return found


def _reaches(first: int, end: int, raw: bytes) -> int:
    """How far fetched bytes reach: the next are fetched before these are read."""
    reached, batches = first, MemoryRecords(raw)
    while batches.has_next() and reached < end:
        reached = max(reached, batches.next_batch().next_offset)
    return min(reached, end)


async def _hear(partition: int, first: int, end: int, raw: bytes) -> Heard:
    """Read what was fetched. It may begin before what was asked for, and go on beyond the end.

    Batch by batch it gives way, so that meanwhile PostgreSQL is given what was read before.
    """
    heard = Heard(partition, first)
    records = MemoryRecords(raw)
    while records.has_next() and heard.end < end:
        batch = records.next_batch()
        if not batch.is_control_batch:
            for record in batch:
                if first <= record.offset < end:
                    _take(heard, record)
        heard.end = min(max(heard.end, batch.next_offset), end)
        await asyncio.sleep(0)
    return heard


def _joined(told: Sequence[bytes]) -> str:
    joined = BETWEEN.join(told)
    if joined.count(BETWEEN) >= len(told):
        raise ValueError(joined)
    return joined.decode()


def _take(heard: Heard, record: Any) -> None:  # noqa: ANN401 - they ship no types
    body = record.value or b""
    try:
        headers = dict(record.headers)
        event_id = headers["ce_id"].decode()
        told = (
            headers["ce_subject"],
            b"%d" % int(headers["ce_sequence"]),
            headers["ce_type"],
            record.key or b"",
            headers["ce_time"],
            headers.get("ce_correlation", b""),
            headers.get("ce_causation", b""),
            headers.get("traceparent", b""),
            headers["ce_source"],
        )
        text = _joined(told)
    except (KeyError, ValueError, TypeError, AttributeError):
        heard.others.append(record.offset)
        heard.last_event = None
        return
    digest = hashlib.sha256(body).digest()
    heard.events.append((record.offset, event_id, text, body, digest))
    heard.last_event = event_id


@asynccontextmanager
async def kafka_log(bootstrap: str) -> AsyncIterator[KafkaLog]:
    consumer = AIOKafkaConsumer(
        **reaching(bootstrap), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    admin = AIOKafkaAdminClient(**reaching(bootstrap))
    client = AIOKafkaClient(**reaching(bootstrap))
    try:
        await admin.start()
        await consumer.start()
        await client.bootstrap()
        yield KafkaLog(consumer, admin, client)
    except (KafkaError, OSError) as error:
        raise Problem(
            f"Kafka at {hosts_of(bootstrap)} cannot be read: {error}", "See yui status"
        ) from error
    finally:
        await consumer.stop()
        await admin.close()
        await client.close()
