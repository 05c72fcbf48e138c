"""Listening to a real Kafka: where to go on, who shares what, and what is no longer there."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid5

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from deploy import topics
from shared.consuming.runtime import Consumer
from shared.handling import Transactions, run
from shared.http.health import Health
from shared.ids import new_id, new_opaque_id
from shared.kafka import build_producer
from shared.recalling import Keeping, republish
from shared.relay import Relay
from shared.republishing import reset_offsets
from shared.work import Cause, Work
from tests.delivery.conftest import SERVICE, Listening
from tests.delivery.streams import COUNTER, Add, Told, stream_of
from tests.support.eventually import assert_eventually
from tests.support.stack import Stack

CAUSE = Cause(correlation="a-test")
WITHIN_S = 40


class Heard:
    """One topic, what a test puts into it, and the consumers that listen to it."""

    def __init__(self, listening: Listening, stack: Stack, producer: AIOKafkaProducer) -> None:
        self.listening, self.stack, self._producer = listening, stack, producer
        self.group = f"t{new_opaque_id()}"
        self.topic, self.other_topic = (f"yui.t{new_opaque_id()}.v1" for _ in range(2))

    def consumer(self, *topic_names: str) -> Consumer:
        return Consumer(
            Transactions(self.listening.pool, self.group),
            self.listening.effects,
            self.stack.kafka_bootstrap,
            topic_names or (self.topic,),
        )

    async def send(self, *told: Told) -> None:
        for one in told:
            await self._producer.send_and_wait(
                self.topic, one.body, key=one.key, headers=one.headers
            )

    async def all_applied(self, *told: Sequence[Told]) -> None:
        """Wait until each stream is applied; then each event once, in its order."""
        expected = sum(map(len, told))

        async def enough() -> None:
            applied = await self.listening.applied()
            assert len(applied) >= expected, f"{len(applied)} of {expected}"

        await assert_eventually(enough, within_seconds=WITHIN_S)
        applied = await self.listening.applied()
        for stream in told:
            name = stream[0].stream
            assert [v for s, v in applied if s == name] == [one.version for one in stream]
        assert len(applied) == expected

    async def truncated(self, consumer: Consumer) -> None:
        async def says_so() -> object:
            return consumer.truncated

        await assert_eventually(says_so, within_seconds=WITHIN_S)

    async def reset(self) -> None:
        async with self.listening.pool.acquire() as connection:
            await reset_offsets(connection, self.topic, reason="by a test", by="an-operator")


@pytest.fixture
async def heard(listening: Listening, stack: Stack) -> AsyncIterator[Heard]:
    producer = build_producer(stack.kafka_bootstrap)
    try:
        await producer.start()
        made = Heard(listening, stack, producer)
        await topics.apply(stack.kafka_bootstrap, [made.topic, made.other_topic])
        yield made
    finally:
        await producer.stop()


@asynccontextmanager
async def running(*consumers: Consumer) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(consumer.run()) for consumer in consumers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def assigned(consumer: Consumer) -> set[TopicPartition]:
    client = consumer._subscriber.consumer  # noqa: SLF001  Kafka tells it to the client alone
    return set() if client is None else set(client.assignment())


async def ready(listening: Listening, consumer: Consumer) -> bool:
    is_ready, _ = await Health(listening.pool, None, consumer, ()).look()
    return is_ready


async def test_a_new_consumer_goes_on_where_the_last_one_stood(heard: Heard) -> None:
    told = stream_of("a", 6)
    await heard.send(*told[:3])
    async with running(heard.consumer()):
        await heard.all_applied(told[:3])
    await heard.send(*told[3:])
    async with running(consumer := heard.consumer()):
        await heard.all_applied(told)

        async def nothing_waits() -> bool:
            return consumer.lag() == 0 and await ready(heard.listening, consumer)

        await assert_eventually(nothing_waits)


async def test_where_another_event_stands_than_was_applied_it_stops_and_says_so(
    heard: Heard,
) -> None:
    told = stream_of("a", 4)
    await heard.send(*told[:2])
    async with running(heard.consumer()):
        await heard.all_applied(told[:2])
    forged = uuid5(new_id(), "another")
    statement = "UPDATE consumer_offset SET last_event_id = $1 WHERE last_event_id IS NOT NULL"
    await heard.listening.pool.execute(statement, forged)
    await heard.send(*told[2:])
    async with running(consumer := heard.consumer()):
        await heard.truncated(consumer)
        assert not await ready(heard.listening, consumer)
        assert await heard.listening.applied() == [("a", 1), ("a", 2)]
        await heard.reset()
        await heard.all_applied(told)
        assert await ready(heard.listening, consumer)


async def test_where_the_log_ends_too_early_it_stops_and_says_so(heard: Heard) -> None:
    told = stream_of("a", 3)
    await heard.send(*told[:2])
    async with running(heard.consumer()):
        await heard.all_applied(told[:2])
    statement = "UPDATE consumer_offset SET next_offset = 9 WHERE next_offset = 2"
    await heard.listening.pool.execute(statement)
    await heard.send(told[2])
    async with running(consumer := heard.consumer()):
        await heard.truncated(consumer)
        (why,) = consumer.truncated.values()
        assert "9" in why
        assert len(await heard.listening.applied()) == 2


async def test_a_topic_made_anew_is_noticed_and_mended_from_the_event_table(
    heard: Heard,
) -> None:
    transactions = Transactions(heard.listening.pool, heard.group)
    bootstrap = heard.stack.kafka_bootstrap

    async def add(events: int) -> None:
        async def act(work: Work) -> None:
            await work.decide(COUNTER, "a", Add("a", events))

        await run(transactions, CAUSE, act)

    def told(versions: int) -> list[Told]:
        return stream_of("organisation/a", versions)

    def relay() -> Relay:
        where = heard.listening.url, bootstrap, heard.topic
        return Relay(heard.listening.pool, *where)

    async with running(consumer := heard.consumer()):
        sending = asyncio.create_task(relay().run())
        await add(5)
        await heard.all_applied(told(5))
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)

        await topics.remove(bootstrap, [heard.topic])
        await topics.apply(bootstrap, [heard.topic])
        await heard.truncated(consumer)
        assert not await ready(heard.listening, consumer)

        async with heard.listening.pool.acquire() as connection:
            for _ in range(2):
                done = await republish(connection, heard.topic, SERVICE, bootstrap, Keeping())
                assert (done.recalled, done.waiting) == (0, 5)
        await heard.reset()
        sending = asyncio.create_task(relay().run())
        await add(2)
        await heard.all_applied(told(7))

        async def is_ready() -> bool:
            return await ready(heard.listening, consumer)

        await assert_eventually(is_ready, within_seconds=WITHIN_S)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def test_consumers_share_each_topics_partitions_alike_and_take_over_from_each_other(
    heard: Heard,
) -> None:
    names = heard.topic, heard.other_topic
    consumers = [heard.consumer(*names) for _ in range(2)]
    third = heard.consumer(*names)

    async def shared_among(*sharing: Consumer) -> None:
        parts = [assigned(consumer) for consumer in sharing]
        assert all(parts)
        assert sum(map(len, parts)) == len(set().union(*parts)) == 2 * topics.PARTITIONS

    streams = [stream_of(f"s{n}", 6, f"k{n}".encode()) for n in range(12)]
    async with running(*consumers):
        await assert_eventually(lambda: shared_among(*consumers), within_seconds=WITHIN_S)
        for consumer in consumers:
            of_topic = [{p for t, p in assigned(consumer) if t == name} for name in names]
            assert of_topic[0] == of_topic[1], "a home's partitions are in one process"
        await heard.send(*(stream[0] for stream in streams))
        await heard.send(*(stream[1] for stream in streams))
        async with running(third):
            await heard.send(*(stream[2] for stream in streams))
            await assert_eventually(
                lambda: shared_among(*consumers, third), within_seconds=WITHIN_S
            )
            await heard.send(*(stream[3] for stream in streams))
        await heard.send(*(stream[4] for stream in streams))
        await assert_eventually(lambda: shared_among(*consumers), within_seconds=WITHIN_S)
        await heard.send(*(stream[5] for stream in streams))
        await heard.all_applied(*streams)


async def test_a_consumer_that_somebody_else_overtook_goes_on_behind_them(heard: Heard) -> None:
    told = stream_of("a", 4)
    async with running(consumer := heard.consumer()):
        await heard.send(told[0])
        await heard.all_applied(told[:1])
        partition = await heard.listening.pool.fetchval(
            "SELECT partition FROM consumer_offset WHERE next_offset > 0"
        )
        # The same records, as a zombie of this partition has fetched them just before.
        fetched = [
            Told("a", one.version, one.key, one.event_id, one.body, partition, heard.topic)
            for one in told
        ]
        await heard.listening.batches.transact([fetched[1].at(1), fetched[2].at(2)])
        await heard.send(*told[1:])
        await heard.all_applied(told)
        zombie = await heard.listening.batches.transact([fetched[0].at(0), fetched[1].at(1)])
        assert zombie.out_of_step == {(heard.topic, partition): 4}
        assert consumer.truncated == {}


async def test_a_fault_that_nobody_foresaw_is_tried_again_and_loses_nothing(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = stream_of("a", 2)
    consumer = heard.consumer()
    transact = consumer.batches.transact
    faults = [KeyError("a bug of ours"), RecursionError()]

    async def fails_at_first(records: Sequence[object]) -> object:
        if faults:
            raise faults.pop()
        return await transact(records)  # type: ignore[arg-type]  # its own records

    monkeypatch.setattr(consumer.batches, "transact", fails_at_first)
    async with running(consumer):
        await heard.send(*told)
        await heard.all_applied(told)
    assert faults == []


@pytest.mark.parametrize("server", ["postgres", "kafka"])
async def test_a_server_restarted_in_the_middle_loses_and_doubles_nothing(
    heard: Heard, server: str
) -> None:
    told = stream_of("a", 30)
    async with running(heard.consumer()):
        await heard.send(*told[:10])
        await heard.all_applied(told[:10])
        if server == "postgres":
            await heard.send(*told[10:20])
        await heard.stack.kill(server)
        await heard.stack.ready()
        if server == "kafka":
            await heard.send(*told[10:20])
        await heard.send(*told[20:])

        async def answers() -> bool:
            await heard.listening.pool.fetchval("SELECT 1")
            return True

        await assert_eventually(answers, within_seconds=WITHIN_S)
        await heard.all_applied(told)


async def test_it_waits_for_a_kafka_that_is_not_there_yet(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = stream_of("a", 2)
    await heard.send(*told)
    consumer = heard.consumer()
    start, away = consumer._broker.start, [ConnectionResetError()]  # noqa: SLF001  before Kafka

    async def first_away() -> None:
        if away:
            raise away.pop()
        await start()

    monkeypatch.setattr(consumer._broker, "start", first_away)  # noqa: SLF001  as above
    async with running(consumer):
        assert not await ready(heard.listening, consumer)
        await heard.all_applied(told)
