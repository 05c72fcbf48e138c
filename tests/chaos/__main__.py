"""`make chaos`: some minutes of kills on three brokers; KILLS=200 for longer, SEED= as before."""

import asyncio
import os
import secrets
import sys
from collections import Counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.checking.findings import STUCK, WRONG
from deploy.checking.report import show
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
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    async with running_stack(BROKERS) as stack:
        with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
            task = progress.add_task("starting", total=kills)
            outcome = await run(
                stack,
                plan,
                lambda text: progress.update(task, description=text),
                lambda done: progress.update(task, completed=done),
            )
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
