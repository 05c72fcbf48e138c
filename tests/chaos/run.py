"""One run: a village is founded, its partners write while all is killed, the checker counts."""

import asyncio
import logging
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx2

from deploy import kafka
from deploy.checking.check import Asked, check
from deploy.checking.findings import Findings
from deploy.database import Database, connected
from deploy.problem import Problem
from tests.chaos.caller import Caller, Journal
from tests.chaos.cuts import Cuts, cuts
from tests.chaos.kills import keep_running
from tests.chaos.offering import half_promised
from tests.chaos.partners import NOUNS, Partner, found
from tests.chaos.plan import SECOND, Plan
from tests.chaos.repeats import tell_twice
from tests.chaos.sabotage import Sabotaged
from tests.chaos.scene import READY_S, Scene
from tests.chaos.strike import strike
from tests.support.eventually import assert_eventually
from tests.support.stack import ServiceProcess, Stack

FINISH_S: Final = 90.0
LAST_REPEATS: Final = 20
"""So often records of some partition are sent again when nothing is in the way any more."""
KILL_S: Final = 12.0
ACT_S: Final = 240.0
"""What one kill, and one act, may cost at most, pauses and all: the bound of the whole run."""

MISSING: Final = """
-- Those of some events that a service does not have.
SELECT id FROM unnest($1::uuid[]) AS id
WHERE NOT EXISTS (SELECT FROM {service}.event WHERE event_id = id)
"""

Say = Callable[[str], None]


@dataclass
class Outcome:
    findings: Findings
    kills: Counter[str]
    other: Counter[str]
    cuts: Counter[str]
    said: Counter[str]
    seconds: float


async def run(stack: Stack, plan: Plan, say: Say, advance: Callable[[int], None]) -> Outcome:
    """Play one plan on a stack whose topics are empty."""
    began = time.monotonic()
    # The client writes a line for each refused connection; here they are meant to be refused.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    database = await stack.database(*plan.services())
    folder = tempfile.TemporaryDirectory(prefix="yui-chaos-")
    try:
        async with cuts(stack) as cutting:
            journal = Journal(Path(folder.name) / "journal")
            processes = _processes(stack, plan, database)
            scene = Scene(plan, stack, database, journal, processes)
            async with _kept_running(scene):
                addresses = {name: one.url for name, one in processes.items()}
                caller = Caller(addresses, journal, plan.choices("caller"))
                bound_s = 2 * READY_S + FINISH_S + KILL_S * plan.kills
                bound_s += ACT_S * sum(plan.acts.values())
                played = _play(scene, caller, cutting, say, advance)
                await asyncio.wait_for(played, bound_s)
                journal.close()
                say("everything runs again; the checker waits until all has arrived, and counts")
                findings = await _check(scene, say)
        seconds = time.monotonic() - began
        return Outcome(findings, scene.kills, scene.other, cutting.counted(), caller.said, seconds)
    finally:
        stack.stop_services()
        folder.cleanup()
        with suppress(OSError, Problem):  # where the server is away, what has failed is told
            await stack.drop(database)


def _processes(stack: Stack, plan: Plan, database: Database) -> dict[str, ServiceProcess]:
    """One process of each service, a second of some; all reach Kafka through proxies alone."""
    proxies = [one.proxy_port for one in stack.proxied]
    found: dict[str, ServiceProcess] = {}
    for name in plan.services():
        copies = (name, f"{name}{SECOND}") if name in plan.doubled else (name,)
        for copy in copies:
            through = stack.kafka.reached_by(name, *proxies)
            bootstrap = {f"YUI_{name.upper()}_KAFKA_BOOTSTRAP": through}
            found[copy] = stack.process(name, database, **bootstrap)
            if name in plan.sabotaged:
                service = found[copy].service
                found[copy].service = Sabotaged(service.name, service.number, plan.sabotaged[name])
    return found


@asynccontextmanager
async def _kept_running(scene: Scene) -> AsyncIterator[None]:
    for process in scene.processes.values():
        process.launch()
    keeper = asyncio.create_task(keep_running(scene))
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


async def _play(
    scene: Scene, caller: Caller, cutting: Cuts, say: Say, advance: Callable[[int], None]
) -> None:
    plan = scene.plan
    await scene.all_ready()
    limits = httpx2.Limits(max_connections=100, max_keepalive_connections=0)
    async with httpx2.AsyncClient(limits=limits) as client:
        say("the village is founded")
        village = await found(caller, client, scene.stack.operator_key, plan)
        nouns = [one for one in NOUNS if one.service in plan.services()]
        partners = [
            Partner(
                caller,
                client,
                plan.choices(f"client {n}"),
                village,
                nouns[n % len(nouns)],
                scene.writers,
            )
            for n in range(max(plan.clients, len(nouns)))
        ]
        stopping = asyncio.Event()
        writing = [asyncio.create_task(partner.run(stopping)) for partner in partners]
        say("partners write, and everything is killed")
        try:
            cutting.begin(plan.choices("cuts"))
            await _unless_ended(writing, strike(scene, advance))
            cutting.end()
            bootstrap = scene.stack.kafka_bootstrap
            await assert_eventually(lambda: kafka.answers(bootstrap), within_seconds=READY_S)
            await scene.all_ready()
            await tell_twice(scene, plan.choices("last repeats"), LAST_REPEATS)
            stopping.set()
            await asyncio.wait_for(asyncio.gather(*writing), FINISH_S)
        finally:
            for task in writing:
                task.cancel()
            await asyncio.gather(*writing, return_exceptions=True)


async def _unless_ended(
    writing: list[asyncio.Task[None]], striking: Coroutine[Any, Any, None]
) -> None:
    """A client that fails is a fault of the test: it ends the run at once."""
    strike_task = asyncio.ensure_future(striking)
    try:
        done, _ = await asyncio.wait([strike_task, *writing], return_when=asyncio.FIRST_COMPLETED)
        for ended in done:
            ended.result()
    finally:
        strike_task.cancel()
        await asyncio.gather(strike_task, return_exceptions=True)


async def _check(scene: Scene, say: Say) -> Findings:
    findings = await check(
        Asked(
            database_url=scene.database.url("auditor"),
            bootstrap=scene.stack.auditors_bootstrap,
            journal=scene.journal.path,
            settle_s=scene.plan.settle_s,
        ),
        say,
    )
    async with connected(scene.database.url("auditor")) as connection:
        for service, recalled in scene.journal.recalled.items():
            findings.accepted[service] += len(recalled)
            ids = [UUID(event_id) for event_id in recalled]
            for row in await connection.fetch(MISSING.format(service=service), ids):
                where = f"accepted event {row['id']}, which Kafka held"
                findings.add("lost", service, where, "recalled", "not in its event table")
    for offer_id in await half_promised(scene):
        findings.add("lost", "homes", f"accepted offer {offer_id}", "promised, or gone", "neither")
    return findings
