"""The one module that builds clients of the broker, so that they can be replaced."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from itertools import chain
from typing import Any, Final, Literal, TypeAlias

from aiokafka import (
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
from aiokafka.partitioner import murmur2
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER
from faststream.kafka.subscriber.usecase import BatchSubscriber
from faststream.security import SASLScram512

from shared.consuming.record import Record

BATCH_RECORDS_MAX: Final = 2_000
FETCH_WAIT_MS: Final = 250
REQUEST_TIMEOUT_MS: Final = 10_000
POLL_MS: Final = 250
SILENT_S_MAX: Final = 15.0
METADATA_AGE_MS: Final = 5_000
"""How late a topic that was declared, or made anew, is noticed; by default after five minutes."""


Mechanism: TypeAlias = Literal["SCRAM-SHA-512", "PLAIN"]
SCRAM: Final = "SCRAM-SHA-512"
"""How everybody logs in: no password goes over the wire."""
PLAIN: Final = "PLAIN"
"""How brokers know one another, and whoever declares the users."""


def reaching(bootstrap: str, mechanism: Mechanism = SCRAM) -> dict[str, Any]:
    """How a client reaches brokers: `name:password@host:port,host:port`, or the addresses alone.

    Without a name nobody is asked who comes.
    """
    who, _, hosts = bootstrap.rpartition("@")
    if not who:
        return {"bootstrap_servers": hosts}
    name, _, password = who.partition(":")
    return {
        "bootstrap_servers": hosts,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": name,
        "sasl_plain_password": password,
    }


def hosts_of(bootstrap: str) -> str:
    """The addresses alone, as they may be shown."""
    return bootstrap.rpartition("@")[2]


def build_producer(bootstrap: str) -> AIOKafkaProducer:
    """A producer that the broker keeps from doubling or reordering what it resends itself."""
    return AIOKafkaProducer(
        **reaching(bootstrap),
        acks="all",
        enable_idempotence=True,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        max_batch_size=256 * 1024,
        partitioner=_partition,
    )


def _partition(key: bytes | None, partitions: Sequence[int], _available: Sequence[int]) -> int:
    """Choose as every Kafka client does by default, where a record has a key: ours all have."""
    return partitions[_hash(key or b"") % len(partitions)]


@lru_cache(100_000)
def _hash(key: bytes) -> int:
    """Kafka's own hash, in slow Python: a home is asked for again and again."""
    return int(murmur2(key)) & 0x7FFFFFFF


def build_broker(bootstrap: str) -> KafkaBroker:
    how = reaching(bootstrap)
    return KafkaBroker(
        # aiokafka would split it, FastStream takes it for one address
        how["bootstrap_servers"].split(","),
        security=_security(how),
        logger=None,
        allow_auto_create_topics=False,
        apply_types=False,
        parser=_pass_through,
        decoder=_records,
        graceful_timeout=5,
        metadata_max_age_ms=METADATA_AGE_MS,
    )


def _security(how: Mapping[str, str]) -> SASLScram512 | None:
    if "sasl_plain_username" not in how:
        return None
    return SASLScram512(how["sasl_plain_username"], how["sasl_plain_password"])


def subscribe(
    broker: KafkaBroker, group: str, topics: tuple[str, ...], listener: ConsumerRebalanceListener
) -> BatchSubscriber:
    """One subscriber for all topics of a group.

    Range, so that one home's partition of every topic is in one process. Nothing is committed by
    the library: offsets live beside the effects.
    """
    subscriber = broker.subscriber(
        *topics,
        group_id=group,
        batch=True,
        max_records=BATCH_RECORDS_MAX,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,
        partition_assignment_strategy=(RangePartitionAssignor,),
        listener=listener,
        session_timeout_ms=10_000,
        heartbeat_interval_ms=1_000,
        max_poll_interval_ms=300_000,
    )
    # FastStream's own sleeps after an empty poll for as long as it waited, also where a record
    # has come meanwhile.
    subscriber.get_msg = _fetch  # type: ignore[method-assign]
    return subscriber


async def _fetch(consumer: AIOKafkaConsumer) -> tuple[Record, ...]:
    """Whatever has come, as soon as anything has."""
    fetched = await consumer.getmany(timeout_ms=FETCH_WAIT_MS, max_records=BATCH_RECORDS_MAX)
    return tuple(chain.from_iterable(fetched.values()))


async def reach(bootstrap: str) -> None:
    """Raise where no broker answers, or lets us in; FastStream would not give back what it began.

    The client's own ways in tell of a wrong password as of a broker that is away.
    """
    how = reaching(bootstrap)
    faults: list[Exception] = []
    for host, port, _ in collect_hosts(how.pop("bootstrap_servers")):
        try:
            connection = await create_conn(
                host, port, request_timeout_ms=REQUEST_TIMEOUT_MS, **how
            )
        except (KafkaError, OSError) as fault:
            faults.append(fault)
        else:
            await connection.close()
            return
    raise faults[-1]


class TopicLog:
    """One topic as far as it reached when it was opened, without a group."""

    def __init__(self, topic: str, consumer: AIOKafkaConsumer, ends: Mapping[int, int]) -> None:
        self.ends = ends
        """The offset after the last record of each partition."""
        self._topic = topic
        self._consumer = consumer

    async def since(self, known: Mapping[int, int]) -> AsyncIterator[Sequence[Record]]:
        """Yield what stands at these offsets and after, the records of a partition in order."""
        left = {
            TopicPartition(self._topic, number): end
            for number, end in self.ends.items()
            if known.get(number, 0) < end
        }
        for partition in self._consumer.assignment() - left.keys():
            self._consumer.pause(partition)
        for partition in left:
            self._consumer.seek(partition, known.get(partition.partition, 0))
        heard_at = time.monotonic()
        while left:
            fetched = await self._consumer.getmany(*left, timeout_ms=POLL_MS)
            records = [r for tp, found in fetched.items() for r in found if r.offset < left[tp]]
            if records:
                heard_at = time.monotonic()
                yield records
            elif time.monotonic() - heard_at > SILENT_S_MAX:
                raise TimeoutError(f"{self._topic} cannot be read on")
            for partition in list(left):
                if await self._consumer.position(partition) >= left[partition]:
                    del left[partition]
                    self._consumer.pause(partition)


@asynccontextmanager
async def reading(bootstrap: str, topic: str) -> AsyncIterator[TopicLog]:
    """Open a topic for reading; a topic that is not there is a fault that passes."""
    consumer = AIOKafkaConsumer(**reaching(bootstrap), enable_auto_commit=False)
    try:
        await consumer.start()
        partitions = [TopicPartition(topic, n) for n in await _partitions(bootstrap, topic)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        yield TopicLog(topic, consumer, {tp.partition: end for tp, end in ends.items()})
    finally:
        await consumer.stop()


async def _partitions(bootstrap: str, topic: str) -> Sequence[int]:
    client = AIOKafkaClient(**reaching(bootstrap))
    try:
        await client.bootstrap()
        known = (await client.fetch_all_metadata()).partitions_for_topic(topic)
    finally:
        await client.close()
    if not known:
        raise UnknownTopicOrPartitionError(topic)
    return sorted(known)


async def _pass_through(batch: tuple[Record, ...]) -> KafkaMessage:
    """FastStream's own parser raises on null or foreign headers before our code sees them."""
    return KafkaMessage(body=b"", headers={}, raw_message=batch, consumer=FAKE_CONSUMER)


async def _records(message: KafkaMessage) -> Any:  # noqa: ANN401  FastStream's own signature
    return message.raw_message
