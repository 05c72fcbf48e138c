"""Records told again as they are, as a relay may do after an answer that was lost."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from deploy import topics
from shared.kafka import reaching
from tests.chaos.scene import Scene

RECORDS_MAX: Final = 20


async def tell_twice_if_kafka_answers(scene: Scene, choices: random.Random) -> bool:
    # The broker may be away at that very moment.
    with suppress(KafkaError, OSError, TimeoutError, AssertionError):
        await tell_twice(scene, choices)
        return True
    return False


async def tell_twice(scene: Scene, choices: random.Random, times: int = 1) -> None:
    """Send some records of some partition again, to the very partition where they stand."""
    bootstrap = scene.stack.kafka_bootstrap
    async with (
        _closed_after(AIOKafkaConsumer(**reaching(bootstrap))) as consumer,
        _closed_after(AIOKafkaProducer(**reaching(bootstrap))) as producer,
    ):
        ends = await consumer.end_offsets(
            [
                TopicPartition(topic, number)
                for topic in topics.declared()
                for number in range(topics.PARTITIONS)
            ]
        )
        full = [tp for tp, end in sorted(ends.items()) if end]
        for tp in choices.choices(full, k=times) if full else ():
            consumer.assign([tp])
            consumer.seek(tp, choices.randrange(ends[tp]))
            fetched = await consumer.getmany(timeout_ms=1000, max_records=RECORDS_MAX)
            for one in fetched.get(tp, []):
                await producer.send_and_wait(
                    one.topic,
                    one.value,
                    key=one.key,
                    headers=list(one.headers),
                    partition=one.partition,
                )
                scene.other["records sent twice"] += 1


@asynccontextmanager
async def _closed_after(client: Any) -> AsyncIterator[Any]:  # noqa: ANN401  they ship no types
    """Close a client also where it could not start, which its own context manager does not."""
    try:
        await client.start()
        yield client
    finally:
        await client.stop()
