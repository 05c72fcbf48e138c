"""What the benches put into Kafka before they measure, and where each piece of it lies."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from bench.workload import Stamped
from deploy.checking.kafka_log import KafkaLog, kafka_log
from deploy.topics import PARTITIONS, declared
from shared.contracts.event import topic_of
from shared.envelope import to_headers
from shared.kafka import build_producer

IN_FLIGHT: Final = 2_000

Partition = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of every partition's log, from its first offset to before its last."""

    begins: Mapping[Partition, int]
    ends: Mapping[Partition, int]

    @property
    def records(self) -> int:
        return sum(self.ends.values()) - sum(self.begins.values())

    def share(self, number: int, processes: int) -> list[tuple[str, int, int, int]]:
        """What one of some processes hears: of every topic the same partitions."""
        return [
            (topic, partition, begin, self.ends[topic, partition])
            for (topic, partition), begin in sorted(self.begins.items())
            if partition * processes // PARTITIONS == number
            and begin < self.ends[topic, partition]
        ]


class Filling:
    """Writes events as their owners' relays would: in order, with the shipped producer."""

    def __init__(self, producer: Any, log: KafkaLog) -> None:  # noqa: ANN401  it ships no types
        self._producer = producer
        self._log = log

    async def ends(self) -> Mapping[Partition, int]:
        return await self._log.ends(declared())

    async def fill(self, stamped: Iterable[Stamped]) -> Segment:
        begins = await self.ends()
        for some in _chunks(stamped):
            await asyncio.gather(*[await self._send(one) for one in some])
        return Segment(begins, await self.ends())

    async def _send(self, stamped: Stamped) -> Any:  # noqa: ANN401  as above
        event, envelope = stamped
        return await self._producer.send(
            topic_of(event.owner),
            event.model_dump_json(exclude_none=True).encode(),
            key=event.key.encode(),
            headers=to_headers(envelope),
        )


def _chunks(stamped: Iterable[Stamped]) -> Iterator[list[Stamped]]:
    left = iter(stamped)
    while some := list(islice(left, IN_FLIGHT)):
        yield some


@asynccontextmanager
async def filling(bootstrap: str) -> AsyncIterator[Filling]:
    producer = build_producer(bootstrap)
    await producer.start()
    try:
        async with kafka_log(bootstrap) as log:
            yield Filling(producer, log)
    finally:
        await producer.stop()
