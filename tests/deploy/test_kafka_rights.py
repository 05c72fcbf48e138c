"""Who may do what in Kafka: each service writes its own topic alone, and reads what it hears."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    for_code,
)

from deploy import kafka, ports, rights
from deploy.database import AUDITOR
from deploy.doctor import logins
from deploy.principals import BROKER, OPERATOR, USERS, Right
from deploy.rights import CreateRules, rule
from deploy.runtime import Runtime
from deploy.scram import AlterUsers
from deploy.services import BY_NAME, SERVICES
from shared.contracts.registry import HEARD
from shared.kafka import hosts_of, reach, reaching
from tests.support.eventually import assert_eventually
from tests.support.stack import MakeDatabase, Stack

TOPICS: Final = [service.topic for service in SERVICES]
GROUPS: Final = list(BY_NAME)


@pytest.fixture(scope="module", autouse=True)
async def _tidied(stack: Stack) -> AsyncIterator[None]:
    yield
    await stack.empty_topics()


@asynccontextmanager
async def client_of(bootstrap: str) -> AsyncIterator[AIOKafkaClient]:
    client = AIOKafkaClient(**reaching(bootstrap))
    try:
        await client.bootstrap()
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def administration_of(stack: Stack, name: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(**reaching(stack.kafka.reached_by(name)))
    try:
        await client.start()
        yield client
    finally:
        await client.close()


async def written_by(stack: Stack, name: str) -> set[str]:
    """Return the topics that take a record from this principal."""
    written = set()
    producer = AIOKafkaProducer(**reaching(stack.kafka.reached_by(name)), acks="all")
    await producer.start()
    try:
        for topic in TOPICS:
            try:
                await producer.send_and_wait(topic, b"forged", key=b"a-home")
            except TopicAuthorizationFailedError:
                continue
            written.add(topic)
    finally:
        await producer.stop()
    return written


async def read_by(stack: Stack, name: str) -> set[str]:
    read = set()
    async with client_of(stack.kafka.reached_by(name)) as client:
        for topic in TOPICS:
            client.set_topics([topic])
            await client.force_metadata_update()
            if client.cluster.partitions_for_topic(topic) and await hands_over(stack, name, topic):
                read.add(topic)
    return read


async def hands_over(stack: Stack, name: str, topic: str) -> bool:
    async with AIOKafkaConsumer(**reaching(stack.kafka.reached_by(name))) as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        consumer.seek(TopicPartition(topic, 0), 0)
        try:
            await consumer.getmany(timeout_ms=200)
        except TopicAuthorizationFailedError:
            return False
    return True


async def kept_by(stack: Stack, name: str) -> set[str]:
    """Return the groups whose offsets this principal may move."""
    kept = set()
    place = TopicPartition(BY_NAME[name].topic, 0)
    for group in GROUPS:
        login = reaching(stack.kafka.reached_by(name))
        consumer = AIOKafkaConsumer(**login, group_id=group, enable_auto_commit=False)
        try:
            await consumer.start()
            consumer.assign([place])
            await consumer.commit({place: 0})
        except GroupAuthorizationFailedError:
            continue
        finally:
            await consumer.stop()
        kept.add(group)
    return kept


@pytest.mark.parametrize("name", list(BY_NAME))
async def test_a_service_cannot_forge_anothers_events(name: str, stack: Stack) -> None:
    assert await written_by(stack, name) == {BY_NAME[name].topic}


@pytest.mark.parametrize("name", list(BY_NAME))
async def test_a_service_reads_what_it_listens_to_and_nothing_else(
    name: str, stack: Stack
) -> None:
    assert await read_by(stack, name) == {BY_NAME[name].topic, *HEARD[name]}


@pytest.mark.parametrize("name", list(BY_NAME))
async def test_a_service_takes_part_in_its_own_group_alone(name: str, stack: Stack) -> None:
    assert await kept_by(stack, name) == {name}


async def test_the_auditor_reads_all_and_writes_nothing(stack: Stack) -> None:
    assert await read_by(stack, AUDITOR) == set(TOPICS)
    assert await written_by(stack, AUDITOR) == set()


@pytest.mark.parametrize("name", ["ledger", AUDITOR])
async def test_nobody_but_the_operator_alters_topics(name: str, stack: Stack) -> None:
    topic = BY_NAME["ledger"].topic
    emptied = ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "1"})
    async with administration_of(stack, name) as client:
        made = await client.create_topics([NewTopic("yui.mine.v1", 1, 1)])
        gone = await client.delete_topics([topic])
        [altered] = await client.alter_configs([emptied])
    codes = {code for _, code, *_ in (*made.topic_errors, *gone.topic_error_codes)}
    codes |= {code for code, *_ in altered.resources}
    assert {for_code(code) for code in codes} == {TopicAuthorizationFailedError}


@pytest.mark.parametrize("name", ["ledger", AUDITOR])
async def test_nobody_gives_away_rights_and_passwords(name: str, stack: Stack) -> None:
    own = rule(Right(name, "write", "topic", BY_NAME["homes"].topic))
    async with client_of(stack.kafka.reached_by(name)) as client:
        node = client.get_random_node()
        created = await client.send(node, CreateRules([own]))
        altered = await client.send(node, AlterUsers({"homes": "mine"}))
    codes = {code for code, _ in created.creation_responses}
    codes |= {code for _, code, *_ in altered.results}
    assert {for_code(code) for code in codes} == {ClusterAuthorizationFailedError}
    assert await written_by(stack, "ledger") == {BY_NAME["ledger"].topic}
    await reach(stack.kafka.reached_by("homes"))


async def test_a_right_that_is_not_declared_is_taken_back(stack: Stack) -> None:
    forging = rule(Right("ledger", "write", "topic", BY_NAME["homes"].topic))
    async with client_of(stack.kafka_bootstrap) as client:
        await client.send(client.get_random_node(), CreateRules([forging]))

    async def forges() -> bool:
        return BY_NAME["homes"].topic in await written_by(stack, "ledger")

    async def does_not_forge() -> bool:
        return not await forges()

    await assert_eventually(forges)
    await rights.declare(stack.state, stack.servers.kafka_bootstrap)
    await assert_eventually(does_not_forge)


@pytest.mark.parametrize("name", USERS)
async def test_a_wrong_password_is_refused(name: str, stack: Stack) -> None:
    right = stack.kafka.reached_by(name)
    wrong = f"{name}:wrong@{hosts_of(right)}"
    await reach(right)
    with pytest.raises(SaslAuthenticationFailed, match="invalid credentials"):
        await reach(wrong)
    assert await kafka.refuses(wrong)
    assert not await kafka.refuses(right)


async def test_the_brokers_own_password_opens_nothing_by_scram(stack: Stack) -> None:
    with pytest.raises(SaslAuthenticationFailed):
        await reach(stack.kafka.reached_by(BROKER))


async def test_the_doctor_names_whom_kafka_refuses_and_declaring_mends_it(stack: Stack) -> None:
    runtime = Runtime(stack.state, ports.configured(), stack.local, stack.servers)

    async def told() -> str:
        return "".join(found.what for found in await asyncio.to_thread(list, logins(runtime)))

    async def names_homes() -> bool:
        return (await told()).endswith("refuses the password of homes")

    assert await told() == ""
    async with client_of(stack.kafka_bootstrap) as client:
        await client.send(client.get_random_node(), AlterUsers({"homes": "another"}))
    await assert_eventually(names_homes)
    await rights.declare(stack.state, stack.servers.kafka_bootstrap)

    async def names_nobody() -> bool:
        return not await told()

    await assert_eventually(names_nobody)


async def test_a_service_with_a_wrong_password_says_so_in_its_log(
    stack: Stack, database: MakeDatabase
) -> None:
    wrong = f"homes:wrong@{hosts_of(stack.kafka_bootstrap)}"
    homes = stack.process("homes", await database("homes"), YUI_HOMES_KAFKA_BOOTSTRAP=wrong)
    homes.launch()

    async def says_so() -> bool:
        return '"fault":"SaslAuthenticationFailed"' in homes.log.read_text().replace(": ", ":")

    await assert_eventually(says_so, within_seconds=30)


def doors(stack: Stack) -> Iterator[int]:
    for broker in stack.kafka.brokers:
        yield from (broker.port, broker.controller_port)
        if broker.proxied:
            yield broker.proxied.port


Bootstrap = Callable[[int], str]


@pytest.mark.parametrize(
    "login", ["", "yui:@", "ANONYMOUS:@", "nobody:nothing@"], ids=lambda login: login or "none"
)
async def test_a_stranger_is_refused_at_every_door(login: str, stack: Stack) -> None:
    for port in doors(stack):
        with pytest.raises(KafkaConnectionError):
            async with client_of(f"{login}127.0.0.1:{port}"):
                pass


async def test_whoever_runs_yui_is_let_in(stack: Stack) -> None:
    assert OPERATOR in USERS
    assert await kafka.answers(stack.kafka_bootstrap)


def test_no_password_is_another(stack: Stack) -> None:
    def password(name: str) -> Any:  # noqa: ANN401 - as the client takes it
        return reaching(stack.kafka.reached_by(name))["sasl_plain_password"]

    assert len({password(name) for name in (*USERS, BROKER)}) == len(USERS) + 1
