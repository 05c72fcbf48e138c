"""Whether a process does its work is told truly, and without telling what it works on."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from deploy import topics
from shared.access.register import Register
from shared.consuming.runtime import Consumer
from shared.handling import Transactions, run
from shared.http.app import create_app
from shared.http.health import Health
from shared.http.operators import create_health_router
from shared.ids import new_opaque_id
from shared.kafka import build_producer
from shared.postgres import Pool
from shared.relay import Relay
from shared.schema import migrations_of
from shared.work import Cause, Work
from tests.delivery.conftest import SERVICE, Listening
from tests.delivery.streams import COUNTER, Add, Told, stream_of
from tests.support.eventually import assert_eventually
from tests.support.stack import Stack, free_port

CAUSE = Cause(correlation="a-test")
SECRET = b'{"secret": "nobody but the two of us"}'
FIELDS = {
    "event_id",
    "type",
    "stream",
    "version",
    "correlation",
    "causation",
    "topic",
    "partition",
    "offset",
    "age_ms",
}


async def add(pool: Pool, events: int = 1) -> None:
    async def act(work: Work) -> None:
        await work.decide(COUNTER, "a", Add("a", events))

    await run(Transactions(pool, SERVICE), CAUSE, act)


@pytest.fixture
async def topic(stack: Stack) -> str:
    name = f"yui.t{new_opaque_id()}.v1"
    await topics.apply(stack.kafka_bootstrap, [name])
    return name


@asynccontextmanager
async def beside(*work: Any) -> AsyncIterator[None]:  # noqa: ANN401  coroutines of any kind
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def asked(health: Health, path: str) -> httpx2.Response:
    app = create_app(SERVICE, Register(health.pool), [create_health_router(health)])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://here") as client:
        return await client.get(path)


async def measured(health: Health, gauge: str) -> float:
    text = (await asked(health, "/metrics")).text
    (line,) = [one for one in text.splitlines() if one.startswith(f"{gauge} ")]
    return float(line.split()[1])


async def green(health: Health) -> None:
    async def is_ready() -> bool:
        return (await health.look())[0]

    await assert_eventually(is_ready, within_seconds=20)


async def red(health: Health, check: str) -> None:
    """Wait until this check, and no other, is what keeps it from being ready."""

    async def is_red() -> None:
        response = await asked(health, "/readyz")
        assert response.status_code == 503
        checks = response.json()["checks"]
        assert [name for name, found in checks.items() if not found["ok"]] == [check]

    await assert_eventually(is_red)


def listener(listening: Listening, stack: Stack, topic: str) -> Consumer:
    transactions = Transactions(listening.pool, f"t{new_opaque_id()}")
    return Consumer(transactions, listening.effects, stack.kafka_bootstrap, (topic,))


def relay_of(listening: Listening, bootstrap: str, topic: str) -> Relay:
    return Relay(listening.pool, listening.url, bootstrap, topic)


async def test_a_process_lives_whatever_else_is_away(pool: Pool) -> None:
    health = Health(pool, None, None, ())
    assert (await asked(health, "/livez")).status_code == 200


async def test_ready_once_its_topic_was_looked_at_and_while_nothing_waits(
    listening: Listening, stack: Stack, topic: str
) -> None:
    relay = relay_of(listening, stack.kafka_bootstrap, topic)
    health = Health(listening.pool, relay, None, migrations_of(SERVICE))
    await red(health, "published")
    async with beside(relay.run()):
        await green(health)
    response = await asked(health, "/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ready")


async def test_not_ready_while_events_wait_for_a_broker_that_is_away(
    listening: Listening, topic: str
) -> None:
    relay = relay_of(listening, f"127.0.0.1:{free_port()}", topic)
    health = Health(listening.pool, relay, None, (), unsent_s_max=0.2)
    async with listening.pool.acquire() as connection:
        await relay.published.agree(connection, {})
    async with beside(relay.run()):
        await add(listening.pool)
        await red(health, "relay")
        assert await measured(health, "yui_oldest_unsent_seconds") >= 0.2


async def test_not_ready_while_the_batch_in_hand_does_not_get_on(
    listening: Listening, stack: Stack, topic: str
) -> None:
    listening.effects.faults = [TimeoutError() for _ in range(1000)]
    consumer = listener(listening, stack, topic)
    health = Health(listening.pool, None, consumer, (), stuck_s_max=0.5)
    producer = build_producer(stack.kafka_bootstrap)
    await producer.start()
    async with beside(consumer.run()):
        await green(health)
        (told,) = stream_of("a", 1)
        await producer.send_and_wait(topic, told.body, key=told.key, headers=told.headers)
        await red(health, "consumer")

        async def its_age_is_told() -> bool:
            return await measured(health, "yui_oldest_unapplied_seconds") > 0

        await assert_eventually(its_age_is_told)
        listening.effects.faults.clear()
        await green(health)
    await producer.stop()


async def test_not_ready_while_it_hears_nothing_because_its_loop_has_ended(
    listening: Listening, stack: Stack, topic: str
) -> None:
    consumer = listener(listening, stack, topic)
    health = Health(listening.pool, None, consumer, (), stuck_s_max=0.5)
    producer = build_producer(stack.kafka_bootstrap)
    await producer.start()
    async with beside(consumer.run()):
        await green(health)
        for task in consumer._subscriber.tasks:  # noqa: SLF001  what could end unseen
            task.cancel()
        (told,) = stream_of("a", 1)
        await producer.send_and_wait(topic, told.body, key=told.key, headers=told.headers)
        await red(health, "consumer")
    await producer.stop()


async def test_not_ready_before_it_has_reached_kafka(listening: Listening, topic: str) -> None:
    transactions = Transactions(listening.pool, SERVICE)
    nowhere = f"127.0.0.1:{free_port()}"
    consumer = Consumer(transactions, listening.effects, nowhere, (topic,))
    async with beside(consumer.run()):
        await red(Health(listening.pool, None, consumer, ()), "consumer")


async def test_not_ready_while_the_schema_is_older_than_the_code(
    pool: Pool, tmp_path: Path
) -> None:
    (tmp_path / "29990101000000_not_yet.sql").write_text("-- migrate:up\n")
    health = Health(pool, None, None, (*migrations_of(SERVICE), tmp_path))
    await red(health, "schema")


async def test_not_ready_while_the_database_is_away(listening: Listening) -> None:
    await listening.pool.close()
    await red(Health(listening.pool, None, None, ()), "database")


async def test_each_event_is_one_line_when_published_and_one_when_applied(
    listening: Listening, stack: Stack, topic: str
) -> None:
    relay = relay_of(listening, stack.kafka_bootstrap, topic)
    consumer = listener(listening, stack, topic)
    with capture_logs() as logs:
        async with beside(relay.run(), consumer.run()):
            await add(listening.pool, events=3)

            async def all_applied() -> bool:
                return len(await listening.applied()) == 3

            await assert_eventually(all_applied, within_seconds=30)

            async def all_told() -> bool:
                return len(lines(logs, "event_applied")) == 3

            await assert_eventually(all_told)
    for name in ("event_published", "event_applied"):
        told = lines(logs, name)
        assert [line["version"] for line in told] == [1, 2, 3]
        assert all(line.keys() >= FIELDS for line in told)
        assert all(json.dumps(line) for line in told)
        assert {line["topic"] for line in told} == {topic}


def lines(logs: Sequence[Any], name: str) -> list[Any]:
    return [line for line in logs if line["event"] == name]


async def test_no_log_line_quotes_a_body(listening: Listening) -> None:
    told = [
        Told("applied", 1, b"a", body=SECRET),
        Told("poison", 1, b"b", body=SECRET + b"poison"),
        Told("broken", 1, b"c", body=SECRET + b"breaks the contract"),
        Told("huge", 1, b"d", body=SECRET + b"huge"),
        Told("early", 2, b"e", body=SECRET),
    ]
    with capture_logs() as logs:
        await listening.batches.transact([one.at(n) for n, one in enumerate(told)])
        parked_id = await listening.pool.fetchval("SELECT min(parked_id) FROM parked")
        listening.effects.poisonous = False
        await listening.parking.retry(parked_id, "by a test", "an-operator")
    assert logs
    assert b"nobody but" not in json.dumps(logs, default=repr).encode()
    assert replace(told[0]).body == SECRET
