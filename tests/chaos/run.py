"""One run: a village is founded, its partners write while all is killed, the checker counts."""

import asyncio
import logging
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2

from deploy import kafka
from deploy.checking.check import Asked, check
from deploy.checking.findings import Findings
from deploy.database import Database
from tests.chaos.caller import Caller, Journal
from tests.chaos.faults import Faults, cutting
from tests.chaos.partners import NOUNS, Partner, found
from tests.chaos.plan import SECOND, Plan
from tests.chaos.sabotage import Sabotaged
from tests.support.eventually import assert_eventually
from tests.support.kafka_fault_proxy import KafkaFaultProxy, kafka_fault_proxy, never
from tests.support.stack import ServiceProcess, Stack

READY_S: Final = 150.0
"""A broker that was killed needs seconds; on a machine with other work, minutes."""
FINISH_S: Final = 90.0
LAST_REPEATS: Final = 20
"""So often records of some partition are sent again when nothing is in the way any more."""
KILL_S: Final = 12.0
"""What one kill may cost at most, pauses and all: the bound of the whole run."""

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
    target, listen = stack.proxied.port, stack.proxied.proxy_port
    try:
        async with kafka_fault_proxy(listen, target) as proxy:
            faults = Faults(plan, stack, _processes(stack, plan, database))
            async with _kept_running(faults):
                caller = Caller(
                    {name: one.url for name, one in faults.processes.items()},
                    Journal(Path(folder.name) / "journal"),
                    plan.choices("caller"),
                )
                await asyncio.wait_for(
                    _play(stack, plan, caller, faults, proxy, say, advance),
                    READY_S + FINISH_S + KILL_S * plan.kills + READY_S,
                )
                caller.journal.close()
                say("everything runs again; the checker waits until all has arrived, and counts")
                findings = await check(
                    Asked(
                        database_url=database.url("auditor"),
                        bootstrap=stack.kafka_bootstrap,
                        journal=caller.journal.path,
                        settle_s=plan.settle_s,
                    ),
                    say,
                )
        cuts = Counter({f"{api} {way}": often for (way, api), often in proxy.cuts.items()})
        seconds = time.monotonic() - began
        return Outcome(findings, faults.kills, faults.other, cuts, caller.said, seconds)
    finally:
        stack.stop_services()
        folder.cleanup()
        with suppress(OSError):
            await stack.drop(database)


def _processes(stack: Stack, plan: Plan, database: Database) -> dict[str, ServiceProcess]:
    """One process of each service, a second of some; all reach Kafka through the proxy alone."""
    through = f"127.0.0.1:{stack.proxied.proxy_port}"
    found: dict[str, ServiceProcess] = {}
    for name in plan.services():
        copies = (name, f"{name}{SECOND}") if name in plan.doubled else (name,)
        for copy in copies:
            bootstrap = {f"YUI_{name.upper()}_KAFKA_BOOTSTRAP": through}
            found[copy] = stack.process(name, database, **bootstrap)
            if name in plan.sabotaged:
                service = found[copy].service
                found[copy].service = Sabotaged(service.name, service.number, plan.sabotaged[name])
    return found


@asynccontextmanager
async def _kept_running(faults: Faults) -> AsyncIterator[None]:
    for process in faults.processes.values():
        process.launch()
    keeper = asyncio.create_task(faults.keep_running())
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


async def _play(
    stack: Stack,
    plan: Plan,
    caller: Caller,
    faults: Faults,
    proxy: KafkaFaultProxy,
    say: Say,
    advance: Callable[[int], None],
) -> None:
    await _all_ready(faults)
    limits = httpx2.Limits(max_connections=100, max_keepalive_connections=0)
    async with httpx2.AsyncClient(limits=limits) as client:
        say("the village is founded")
        village = await found(caller, client, stack.operator_key, plan)
        nouns = [one for one in NOUNS if one.service in plan.services()]
        partners = [
            Partner(caller, client, plan.choices(f"client {n}"), village, nouns[n % len(nouns)])
            for n in range(max(plan.clients, len(nouns)))
        ]
        stopping = asyncio.Event()
        writing = [asyncio.create_task(partner.run(stopping)) for partner in partners]
        say("partners write, and everything is killed")
        try:
            proxy.policy = cutting(plan.choices("cuts"))
            await _unless_ended(writing, faults.strike(advance))
            proxy.policy = never
            await assert_eventually(
                lambda: kafka.answers(stack.kafka_bootstrap), within_seconds=READY_S
            )
            await _all_ready(faults)
            await faults.tell_twice(plan.choices("last repeats"), LAST_REPEATS)
            stopping.set()
            await asyncio.wait_for(asyncio.gather(*writing), FINISH_S)
        finally:
            for task in writing:
                task.cancel()
            await asyncio.gather(*writing, return_exceptions=True)


async def _unless_ended(writing: list[asyncio.Task[None]], striking: object) -> None:
    """A client that fails is a fault of the test: it ends the run at once."""
    strike = asyncio.ensure_future(striking)  # type: ignore[call-overload]  # a coroutine
    try:
        done, _ = await asyncio.wait([strike, *writing], return_when=asyncio.FIRST_COMPLETED)
        for ended in done:
            ended.result()
    finally:
        strike.cancel()
        await asyncio.gather(strike, return_exceptions=True)


async def _all_ready(faults: Faults) -> None:
    async with httpx2.AsyncClient(timeout=5) as client:
        for name, process in faults.processes.items():

            async def answers(url: str = process.url) -> bool:
                with suppress(httpx2.HTTPError):
                    return bool((await client.get(f"{url}/readyz")).is_success)
                return False

            await assert_eventually(answers, within_seconds=READY_S, why=f"{name} is not ready")
