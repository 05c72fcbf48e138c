"""The topics, declared here and applied by `yui topics`; automatic creation is off."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from deploy.problem import Problem
from deploy.services import SERVICES
from shared.kafka import hosts_of, reaching

# For ever: another count would send a stream's later events to another partition.
PARTITIONS = 12
POLL_S = 0.05
LISTED_SECONDS = 15
RETENTION = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}


@dataclass(frozen=True)
class Topic:
    name: str
    partitions: int
    replication: int
    created: bool = False


def declared() -> list[str]:
    return [service.topic for service in SERVICES]


async def apply(
    bootstrap: str, names: Sequence[str] | None = None, replication: int = 1
) -> list[Topic]:
    """Create what is missing, mend the settings of what is there; never touch partitions."""
    wanted = declared() if names is None else names
    async with _administration(bootstrap) as client:
        before = {topic.name for topic in await _describe(client, wanted)}
        missing = [name for name in wanted if name not in before]
        await _create(client, missing, replication)
        found = await _all_described(client, wanted)
        await client.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name, RETENTION) for name in wanted]
        )
    _refuse_other_counts(found)
    return [Topic(t.name, t.partitions, t.replication, t.name in missing) for t in found]


async def _create(client: AIOKafkaAdminClient, names: Iterable[str], replication: int) -> None:
    new = [NewTopic(name, PARTITIONS, replication, topic_configs=RETENTION) for name in names]
    if not new:
        return
    answer = await client.create_topics(new)
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise Problem(
                f"the topic {name} cannot be created: {error.__name__}", "See the broker's log"
            )


async def _all_described(client: AIOKafkaAdminClient, names: Sequence[str]) -> list[Topic]:
    """Wait until all are listed: a broker answers before it shows what it has just made."""
    deadline = time.monotonic() + LISTED_SECONDS
    while len(found := await _describe(client, names)) < len(set(names)):
        if time.monotonic() > deadline:
            missing = ", ".join(sorted(set(names) - {topic.name for topic in found}))
            raise Problem(f"Kafka does not show {missing}", "See the broker's log")
        await asyncio.sleep(POLL_S)
    return found


async def _describe(client: AIOKafkaAdminClient, names: Iterable[str]) -> list[Topic]:
    wanted = set(names)
    present = sorted(wanted & set(await client.list_topics()))
    if not present:
        return []
    return [
        Topic(found["topic"], len(found["partitions"]), len(found["partitions"][0]["replicas"]))
        for found in sorted(await client.describe_topics(present), key=lambda t: str(t["topic"]))
        if found["partitions"]  # one of several brokers may know no more than the name yet
    ]


def _refuse_other_counts(topics: Iterable[Topic]) -> None:
    for topic in topics:
        if topic.partitions != PARTITIONS:
            raise Problem(
                f"{topic.name} has {topic.partitions} partitions instead of {PARTITIONS}, and a "
                "change would break the order of its streams",
                "Give Yui a Kafka where it may declare its own topics",
            )


@asynccontextmanager
async def _administration(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(**reaching(bootstrap), request_timeout_ms=15_000)
    try:
        await client.start()
        yield client
    except (KafkaError, OSError) as error:
        raise Problem(
            f"Kafka at {hosts_of(bootstrap)} cannot be used: {error}",
            "Look at `yui status`, or at YUI_KAFKA_BOOTSTRAP if you set it",
        ) from error
    finally:
        await client.close()


async def remove(bootstrap: str, names: Sequence[str]) -> None:
    """Delete topics with all they hold and wait until they are gone: for tests alone."""
    async with _administration(bootstrap) as client:
        present = set(names) & set(await client.list_topics())
        if present:
            await client.delete_topics(sorted(present))
        # A broker says so at once and lists them for a while: what is made anew then is not made.
        while present & set(await client.list_topics()):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(POLL_S)
