"""From the outbox to Kafka: nothing lost, nothing overtaken, whoever dies on the way."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from deploy import topics
from shared import relay as relay_module
from shared.handling import Transactions, run
from shared.ids import new_opaque_id
from shared.postgres import Pool
from shared.relay import Relay
from shared.work import Cause, Work
from tests.delivery.conftest import SERVICE, Listening
from tests.delivery.kafka_log import first_occurrences, read_log, told
from tests.delivery.streams import COUNTER, Add
from tests.support.eventually import assert_eventually
from tests.support.stack import Stack

CAUSE = Cause(correlation="a-test")
LEADERS = """
SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE locktype = 'advisory' AND granted AND datname = current_database()
"""


class Sending:
    """One service's outbox, a topic of its own, and what that topic holds."""

    def __init__(self, listening: Listening, stack: Stack, topic: str) -> None:
        self.listening, self.stack, self.topic = listening, stack, topic
        self.transactions = Transactions(listening.pool, SERVICE)

    @property
    def pool(self) -> Pool:
        return self.listening.pool

    def relay(self, kind: type[Relay] = Relay, bootstrap: str | None = None) -> Relay:
        return kind(
            self.pool, self.listening.url, bootstrap or self.stack.kafka_bootstrap, self.topic
        )

    async def add(self, identity: str, events: int = 1) -> None:
        async def act(work: Work) -> None:
            await work.decide(COUNTER, identity, Add(identity, events))

        await run(self.transactions, CAUSE, act)

    async def unsent(self) -> int:
        waiting: int = await self.pool.fetchval("SELECT count(*) FROM outbox")
        return waiting

    async def log(self) -> Sequence[Any]:
        return await read_log(self.stack.kafka_bootstrap, self.topic)

    async def all_sent(self, within_seconds: float = 30) -> None:
        async def nothing_waits() -> bool:
            return await self.unsent() == 0

        await assert_eventually(nothing_waits, within_seconds=within_seconds)

    async def leader(self) -> int:
        """Wait until somebody leads, and return who."""

        async def one_leads() -> None:
            assert len(await self.pool.fetch(LEADERS)) == 1

        await assert_eventually(one_leads)
        pid: int = await self.pool.fetchval(LEADERS)
        return pid


@pytest.fixture
async def sending(listening: Listening, stack: Stack) -> Sending:
    topic = f"yui.t{new_opaque_id()}.v1"
    await topics.apply(stack.kafka_bootstrap, [topic])
    return Sending(listening, stack, topic)


@asynccontextmanager
async def running(*relays: Relay) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def leading_without_a_lock(sending: Sending, relay: Relay) -> AsyncIterator[None]:
    """A relay that has not asked whether another leads."""
    connection = await asyncpg.connect(sending.listening.url)
    task = asyncio.create_task(relay._send_all(connection))  # noqa: SLF001  past its guard
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        connection.terminate()


async def test_what_took_its_place_early_and_committed_late_is_not_lost(sending: Sending) -> None:
    async with running(sending.relay()):
        async with sending.transactions.begin(CAUSE) as early:
            await early.decide(COUNTER, "early", Add("early"))
            await early.save()
            await sending.add("late")
            await sending.all_sent()
            assert told(await sending.log()) == [("organisation/late", 1)]
        await sending.all_sent()
    assert sorted(told(await sending.log())) == [
        ("organisation/early", 1),
        ("organisation/late", 1),
    ]


async def test_two_relays_at_once_lose_nothing_and_overtake_nothing(sending: Sending) -> None:
    names = ("a", "b", "c", "d")

    async def write(name: str) -> None:
        for _ in range(30):
            await sending.add(name)

    relays = sending.relay(), sending.relay()
    async with (
        leading_without_a_lock(sending, relays[0]),
        leading_without_a_lock(sending, relays[1]),
    ):
        await asyncio.gather(*(write(name) for name in names))
        await sending.all_sent()
    expected = {f"organisation/{name}": list(range(1, 31)) for name in names}
    assert first_occurrences(await sending.log()) == expected


async def test_more_than_one_batch_is_sent_without_waiting(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "POLL_S", 600.0)
    await sending.add("a", events=1_200)
    async with running(sending.relay()):
        await sending.all_sent()
    assert first_occurrences(await sending.log())["organisation/a"] == list(range(1, 1_201))


class DiesBeforeDeleting(Relay):
    """Ends once, when the broker has said yes and nothing is deleted yet."""

    has_died = False

    async def _send_rows(
        self, producer: AIOKafkaProducer, rows: Sequence[asyncpg.Record]
    ) -> Sequence[Any]:
        acknowledged = await super()._send_rows(producer, rows)
        if not self.has_died:
            self.has_died = True
            raise ConnectionResetError
        return acknowledged


async def test_killed_between_acknowledgement_and_deletion_it_repeats_in_order(
    sending: Sending,
) -> None:
    await sending.add("a", events=5)
    async with running(sending.relay(DiesBeforeDeleting)):
        await sending.all_sent()
    log = await sending.log()
    assert [version for _, version in told(log)] == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]


async def test_a_commit_wakes_the_relay_without_polling(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "POLL_S", 600.0)
    relay = sending.relay()
    sending.transactions.wake_relay = relay.wake
    async with running(relay):
        await sending.add("a")
        await sending.all_sent()
        await sending.add("a")
        await sending.all_sent()
    assert len(await sending.log()) == 2


async def test_a_process_that_does_not_lead_wakes_the_one_that_does(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "POLL_S", 600.0)
    leader, follower = sending.relay(), sending.relay()
    await sending.add("a")
    async with running(leader):
        await sending.all_sent()
        async with running(follower):
            await sending.add("a")
            follower.wake()
            await sending.all_sent()


async def test_leadership_passes_on_when_the_leaders_connection_ends(sending: Sending) -> None:
    async with running(sending.relay(), sending.relay()):
        first = await sending.leader()
        await sending.pool.execute("SELECT pg_terminate_backend($1)", first)

        async def another_leads() -> bool:
            leaders = {row["pid"] for row in await sending.pool.fetch(LEADERS)}
            return bool(leaders) and first not in leaders

        await assert_eventually(another_leads)
        await sending.add("a")
        await sending.all_sent()


async def test_what_waits_while_the_broker_is_away_is_sent_when_it_is_back(
    sending: Sending, stack: Stack
) -> None:
    async with running(sending.relay()):
        await sending.add("a", events=3)
        await sending.all_sent()
        await stack.kill("kafka")
        await sending.add("a", events=3)
        assert await sending.relay().oldest_unsent_s() > 0
        await stack.ready()
        await sending.all_sent()
    assert first_occurrences(await sending.log())["organisation/a"] == [1, 2, 3, 4, 5, 6]


async def test_a_fault_is_forgotten_once_it_sends_again(sending: Sending) -> None:
    relay = sending.relay(DiesBeforeDeleting)
    await sending.add("a")
    async with running(relay):
        await sending.all_sent()
        assert relay._back_off_s == relay_module.BACK_OFF_S[0]  # noqa: SLF001  seen nowhere else


class RefusesTheSecond:
    """A producer that takes one event, and loses both that one and the next."""

    def __init__(self) -> None:
        self._taken: list[asyncio.Future[Any]] = []

    async def send(self, *_: object, **__: object) -> asyncio.Future[Any]:
        if self._taken:
            self._taken[0].set_exception(ConnectionResetError())
            raise ConnectionResetError
        self._taken.append(asyncio.get_running_loop().create_future())
        return self._taken[0]


async def test_no_failed_send_is_left_unread(sending: Sending) -> None:
    complaints: list[Any] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    try:
        await sending.add("a", events=2)
        producer = RefusesTheSecond()
        async with sending.pool.acquire() as connection:
            with pytest.raises(ConnectionResetError):
                await sending.relay()._send_batch(connection, producer)  # noqa: SLF001  one step
        del producer
        await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(None)
    assert complaints == []
    assert await sending.unsent() == 2


async def test_it_says_how_long_the_oldest_has_waited(sending: Sending) -> None:
    assert await sending.relay().oldest_unsent_s() == 0
    await sending.add("a")
    started = time.monotonic()

    async def has_waited() -> bool:
        return await sending.relay().oldest_unsent_s() > 0.05

    await assert_eventually(has_waited)
    assert await sending.relay().oldest_unsent_s() < time.monotonic() - started + 5
