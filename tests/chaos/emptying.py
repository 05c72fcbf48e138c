"""Kafka's topic made anew and empty: noticed by whoever hears it, said, and refilled."""

import random
from typing import Final

from deploy import topics
from deploy.checking.kafka_log import kafka_log
from deploy.checking.settling import settled
from deploy.database import AUDITOR, connected
from deploy.refilling import refill
from deploy.services import BY_NAME, Service, present
from tests.chaos.scene import READY_S, Scene
from tests.support.eventually import assert_eventually

NOTICED_S: Final = 60.0
REASON: Final = "a run of chaos"

UNSENT: Final = "SELECT count(*) FROM {service}.outbox"
HAS_HEARD: Final = """
SELECT true FROM {service}.consumer_offset WHERE topic = $1 AND next_offset > 0 LIMIT 1
"""


async def empty_a_topic(scene: Scene, choices: random.Random) -> bool:
    """Take one owner's topic, while nobody writes; what is unread by then is unread for ever."""
    owner = BY_NAME[choices.choice([name for name in scene.plan.services() if name != "eventlog"])]
    bootstrap = scene.stack.kafka_bootstrap
    async with scene.calm():
        await scene.all_ready()
        await _all_sent(scene, owner)
        listeners = await _listeners(scene, owner)
        await topics.remove(bootstrap, [owner.topic])
        await topics.apply(bootstrap, [owner.topic], scene.stack.kafka.replication)
        for name in listeners:
            await _is_said_by(scene, name)
        done = await refill(scene.database, bootstrap, owner, present(), REASON)
        assert done.recalled == 0, f"{done} of {owner.topic}"
        await scene.all_ready()
        await _all_read(scene)
    return True


async def _all_sent(scene: Scene, owner: Service) -> None:
    async with connected(scene.database.administrator()) as connection:

        async def nothing_waits() -> bool:
            return not await connection.fetchval(UNSENT.format(service=owner.name))

        await assert_eventually(nothing_waits, within_seconds=READY_S)


async def _all_read(scene: Scene) -> None:
    """Until then the ledger has booked more than its offsets say: no second one is equal to it."""
    async with (
        connected(scene.database.url(AUDITOR)) as connection,
        kafka_log(scene.stack.kafka_bootstrap) as log,
        settled(connection, log, READY_S, lambda _: None) as standing,
    ):
        assert not standing.waiting, standing.waiting


async def _listeners(scene: Scene, owner: Service) -> list[str]:
    async with connected(scene.database.administrator()) as connection:
        return [
            name
            for name in scene.plan.services()
            if await connection.fetchval(HAS_HEARD.format(service=name), owner.topic)
        ]


async def _is_said_by(scene: Scene, service: str) -> None:
    """One of its processes at least has a part of the topic that no longer reaches so far."""

    async def says_so() -> bool:
        found = [await scene.checks(name) for name in scene.copies(service)]
        return any(checks.get("consumer", {}).get("truncated") for checks in found)

    await assert_eventually(says_so, within_seconds=NOTICED_S, why=f"{service} does not notice")
