"""What Kafka holds, read from the first record of each topic to the last."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.checking.reading import Fact, fact_of_record
from deploy.problem import Problem

TOPIC: Final = re.compile(r"yui\.([a-z_]+)\.v1")
POLL_MS: Final = 500
RECORDS_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """A record, and what was read of it; no fact where it is no event."""

    partition: int
    offset: int
    fact: Fact | None


Ends = Mapping[tuple[str, int], int]


class KafkaLog:
    def __init__(self, consumer: Any, client: Any) -> None:  # noqa: ANN401 - they ship no types
        self._consumer = consumer
        self._client = client

    async def topics(self) -> dict[str, str]:
        """Return the owner of each topic, by its name."""
        names = sorted(await self._client.list_topics())
        return {name: found[1] for name in names if (found := TOPIC.fullmatch(name))}

    async def ends(self, topics: Sequence[str]) -> Ends:
        described = await self._client.describe_topics(list(topics)) if topics else ()
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


@asynccontextmanager
async def kafka_log(bootstrap: str) -> AsyncIterator[KafkaLog]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await client.start()
        await consumer.start()
        yield KafkaLog(consumer, client)
    except (KafkaError, OSError) as error:
        raise Problem(f"Kafka at {bootstrap} cannot be read: {error}", "See yui status") from error
    finally:
        await consumer.stop()
        await client.close()
