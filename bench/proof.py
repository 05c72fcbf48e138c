"""How fast everything that was said and booked is held against everything: `yui verify`."""

import time
from typing import Final

from bench.books import books_measured
from bench.figures import Figure
from bench.measuring import Measuring
from bench.workload import THIS_YEAR, Workload, homes

HOMES: Final = 1_000
EVENTS: Final = 300_000
AT_ONCE: Final = 100_000


async def measure(measuring: Measuring) -> list[Figure]:
    workload, paying = Workload(), homes(HOMES)
    verified: list[float] = []
    async with books_measured(measuring.stack) as books:
        await books.fill(workload.agreed(paying, THIS_YEAR))
        await books.settle()
        for _ in range(measuring.events(EVENTS) // AT_ONCE or 1):
            await books.rate(workload.paid(paying, THIS_YEAR, AT_ONCE))
        for run in range(measuring.runs):
            began = time.perf_counter()
            records = await books.verify()
            verified.append(records / (time.perf_counter() - began))
            measuring.say(f"proof, run {run + 1}: {records:,} records, {verified[-1]:,.0f}/s")
    return [
        Figure(name="verify", unit="events/s", samples=verified, goal=200_000, floor=80_000),
    ]
