"""PostgreSQL put back to an earlier moment: noticed by every owner, said, and mended."""

import random
from collections.abc import Sequence
from typing import Final

import httpx2

from deploy.checking.kafka_log import kafka_log
from deploy.refilling import refill
from deploy.services import BY_NAME, present
from tests.chaos.kills import kill_some
from tests.chaos.partners import NOUNS
from tests.chaos.scene import READY_S, Scene
from tests.support.eventually import assert_eventually

KILLS_BETWEEN: Final = 3
REASON: Final = "a-run-of-chaos"


async def put_postgres_back(scene: Scene, choices: random.Random) -> bool:
    """Copy it, let partners write and processes die for a while, and put the copy in its place.

    What was accepted meanwhile is void where Kafka does not hold it: writers pause, and nobody
    waits for the relays.
    """
    async with scene.calm():
        await scene.all_ready()
        copy = await scene.stack.copy_postgres()
        told = scene.journal.place()
        await scene.all_ready()
    await kill_some(scene, choices, KILLS_BETWEEN)
    async with scene.calm():
        await assert_eventually(scene.may_lose_a_broker, within_seconds=READY_S)
        await scene.stack.put_postgres_back(copy)
        held = await _held_by_kafka(scene)
        lacking = await _owners_that_say_so(scene)
        await _refuse_to_write(scene, lacking)
        recalled = 0
        for name in lacking:
            done = await refill(
                scene.database, scene.stack.kafka_bootstrap, BY_NAME[name], present(), REASON
            )
            recalled += done.recalled
        await scene.all_ready()
        void = scene.journal.put_back(told, held)
    scene.other["events recalled"] += recalled
    scene.other["answers void, for Kafka held nothing of them"] += void
    return bool(lacking)


async def _held_by_kafka(scene: Scene) -> set[str]:
    async with kafka_log(scene.stack.kafka_bootstrap) as log:
        names = list(await log.topics())
        ends = await log.ends(names)
        return {
            str(place.fact.event_id)
            for name in names
            async for place in log.read(name, ends)
            if place.fact is not None
        }


async def _refuse_to_write(scene: Scene, lacking: Sequence[str]) -> None:
    """What a partner's service is asked now it must not decide."""
    headers = {"Authorization": f"Bearer {scene.stack.operator_key}", "Idempotency-Key": REASON}
    async with httpx2.AsyncClient(headers=headers, timeout=10) as client:
        for nouns in NOUNS:
            if nouns.service in lacking:
                url = f"{scene.processes[nouns.service].url}/v1/{nouns.commitments}/any/withdrawal"
                response = await client.post(url, json={"notice_on": "2011-08-10"})
                assert response.status_code == 503, response.text
                assert response.json()["type"] == "urn:yui:problem:restored"


async def _owners_that_say_so(scene: Scene) -> Sequence[str]:
    """Wait until each has looked, and return those that lack something."""
    found: dict[str, int] = {}
    for name in scene.plan.services():

        async def has_looked(name: str = name) -> bool:
            published = (await scene.checks(name)).get("published", {})
            if "lacking" not in published:
                return False
            assert published["ok"] == (not published["lacking"]), published
            found[name] = published["lacking"]
            return True

        await assert_eventually(has_looked, within_seconds=READY_S, why=f"{name} does not look")
    return [name for name, lacking in found.items() if lacking]
