"""What a topic really holds, read by a client that shares nothing with the product."""

from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from deploy.topics import PARTITIONS
from shared.kafka import reaching


async def read_log(bootstrap: str, topic: str) -> list[ConsumerRecord]:
    """Every record of a topic up to its end now, in order within each partition."""
    consumer = AIOKafkaConsumer(**reaching(bootstrap), auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[ConsumerRecord] = []
        for partition in partitions:
            await consumer.seek_to_beginning(partition)
        while any([await consumer.position(p) < ends[p] for p in partitions]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
        return found
    finally:
        await consumer.stop()


def told(log: Sequence[ConsumerRecord]) -> list[tuple[str, int]]:
    """Stream and version of each record."""
    headers = [dict(record.headers) for record in log]
    return [(h["ce_subject"].decode(), int(h["ce_sequence"])) for h in headers]


def first_occurrences(log: Sequence[ConsumerRecord]) -> dict[str, list[int]]:
    """The versions of each stream in the order in which they were first told."""
    found: dict[str, list[int]] = {}
    for stream, version in told(log):
        if version not in (versions := found.setdefault(stream, [])):
            versions.append(version)
    return found
