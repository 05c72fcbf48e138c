"""`make chaos`: about three minutes of kills; KILLS=200 for longer, SEED= for the same choices."""

import asyncio
import os
import secrets
import sys
from collections import Counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.checking.report import show
from tests.chaos.plan import Plan
from tests.chaos.run import Outcome, run
from tests.support.stack import running_stack

KILLS = 45
ZOMBIES_EVERY = 15

console = Console() if sys.stdout.isatty() else Console(width=120)


async def main() -> int:
    kills = int(os.environ.get("KILLS") or KILLS)
    seed = int(os.environ.get("SEED") or secrets.randbelow(1_000_000))
    plan = Plan(kills=kills, seed=seed, zombies=1 + kills // ZOMBIES_EVERY)
    console.print(f"SEED={seed} KILLS={kills}, services: {', '.join(plan.services())}")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    async with running_stack() as stack:
        with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
            task = progress.add_task("starting", total=kills)
            outcome = await run(
                stack,
                plan,
                lambda text: progress.update(task, description=text),
                lambda done: progress.update(task, completed=done),
            )
    tell(outcome)
    console.print(f"SEED={seed} KILLS={kills}, {outcome.seconds:.0f} s")
    return outcome.findings.differences


def tell(outcome: Outcome) -> None:
    for title, counted in (
        ("killed", outcome.kills),
        ("done besides", outcome.other),
        ("connections to Kafka cut", outcome.cuts),
        ("clients were told", outcome.said),
    ):
        console.print(f"{title}: {_words(counted)}", highlight=False)
    show(outcome.findings, console, journal=True)


def _words(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {often}" for name, often in sorted(counted.items()) if often)


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main()) else 0)
