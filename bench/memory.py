"""Whether a service's memory stays flat: all eight under load, looked at again and again.

The load is what partners do in `make chaos`, through the public APIs, with nothing killed.
"""

import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx2
import psutil

from bench.figures import RATIO, Figure
from bench.measuring import Measuring, verify
from tests.chaos.caller import Caller, Journal
from tests.chaos.partners import NOUNS, Partner, found
from tests.chaos.plan import Plan
from tests.support.stack import ServiceProcess, Stack

LOOK_EVERY_S: Final = 5.0
WARM_AFTER_S: Final = 120.0
MINUTE_S: Final = 60.0
MEBIBYTE: Final = 2**20
GOAL: Final = 1.05
FLOOR: Final = 1.15

Looks = Sequence[tuple[float, float]]
"""Seconds since the load began, and mebibytes."""


async def measure(measuring: Measuring) -> list[Figure]:
    stack, plan = measuring.stack, Plan(kills=0, seed=1, homes=20, clients=10)
    await stack.empty_topics()
    database = await stack.database(*plan.services())
    processes = {name: await stack.start(name, database) for name in plan.services()}
    looks: dict[str, list[tuple[float, float]]] = defaultdict(list)
    async with _load(stack, plan, processes) as caller:
        began = time.monotonic()
        while (since := time.monotonic() - began) < measuring.minutes * MINUTE_S:
            for name, process in processes.items():
                looks[name].append((since, _mebibytes(process)))
            await asyncio.sleep(LOOK_EVERY_S)
        asked = sum(caller.said.values())
        measuring.say(f"memory: {asked / since:,.0f} requests a second for {since / 60:.0f} min")
    for process in processes.values():
        await process.stop()
    measuring.say(f"checked {await verify(stack, database):,} records: 0 differences")
    await stack.drop(database)
    return [_figure(name, found, measuring) for name, found in looks.items()]


def _figure(name: str, looks: Looks, measuring: Measuring) -> Figure:
    warm = [(since, held) for since, held in looks if since >= WARM_AFTER_S]
    first, last = (statistics.median(h for _, h in part) for part in (warm[:12], warm[-12:]))
    slope = statistics.linear_regression(*zip(*warm, strict=True)).slope
    measuring.say(
        f"memory of {name}: {first:.0f} MiB warm, {last:.0f} MiB at the end, "
        f"{slope * MINUTE_S:+.2f} MiB a minute"
    )
    return Figure(
        name=f"memory of {name}, after {measuring.minutes} min ÷ after 2",
        unit=RATIO,
        samples=[last / first],
        goal=GOAL,
        floor=FLOOR,
        better="less",
    )


def _mebibytes(process: ServiceProcess) -> float:
    if process.process is None:
        raise RuntimeError(f"{process.service.name} was never launched")
    return float(psutil.Process(process.process.pid).memory_info().rss / MEBIBYTE)


@asynccontextmanager
async def _load(
    stack: Stack, plan: Plan, processes: Mapping[str, ServiceProcess]
) -> AsyncIterator[Caller]:
    """Let partners write until this is left."""
    with tempfile.TemporaryDirectory(prefix="yui-bench-") as folder:
        addresses = {name: process.url for name, process in processes.items()}
        journal = Journal(Path(folder) / "journal")
        caller = Caller(addresses, journal, plan.choices("caller"))
        async with httpx2.AsyncClient() as client:
            village = await found(caller, client, stack.operator_key, plan)
            stopping = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for n in range(plan.clients):
                    nouns = NOUNS[n % len(NOUNS)]
                    choices = plan.choices(f"client {n}")
                    group.create_task(
                        Partner(caller, client, choices, village, nouns).run(stopping)
                    )
                yield caller
                stopping.set()
        journal.close()
