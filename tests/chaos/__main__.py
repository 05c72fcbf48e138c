"""`make chaos`: some minutes of kills on three brokers; KILLS=200 for longer, SEED= as before."""

import asyncio
import os
import secrets
import sys
from collections import Counter

from rich.console import Console

from deploy.checking.findings import STUCK, WRONG
from deploy.checking.report import show
from deploy.progress import Progress
from tests.chaos.acts import planned
from tests.chaos.plan import Plan
from tests.chaos.run import Outcome, run
from tests.support.stack import running_stack

KILLS = 45
BROKERS = 3

console = Console() if sys.stdout.isatty() else Console(width=120)


async def main() -> int:
    kills = int(os.environ.get("KILLS") or KILLS)
    seed = int(os.environ.get("SEED") or secrets.randbelow(1_000_000))
    plan = Plan(kills=kills, seed=seed, acts=planned(kills))
    services = ", ".join(plan.services())
    console.print(f"SEED={seed} KILLS={kills}, {BROKERS} brokers, services: {services}")
    progress = Progress(console)
    async with running_stack(BROKERS) as stack:
        with progress.step("killing") as count:
            outcome = await run(stack, plan, progress.say, lambda done: count(done, kills))
    tell(outcome)
    killed = outcome.kills.total()
    console.print(f"SEED={seed} KILLS={kills}, {killed} killed, {outcome.seconds:.0f} s")
    console.print(", ".join(f"{outcome.findings.count(kind)} {kind}" for kind in (*WRONG, *STUCK)))
    return outcome.findings.differences


def tell(outcome: Outcome) -> None:
    show(outcome.findings, console, journal=True)
    for title, counted in (
        ("clients were told", outcome.said),
        ("connections to Kafka cut", outcome.cuts),
        ("done besides", outcome.other),
        ("killed", outcome.kills),
    ):
        console.print(f"{title}: {_words(counted)}", highlight=False)


def _words(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {often}" for name, often in sorted(counted.items()) if often)


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main()) else 0)
