"""Posting, decode to commit: two processes of the ledger's own consumer code, fed from memory.

An event is one fact with one movement. The yardstick in each run is a raw insert of the same
entries. Uniform over a thousand homes of twelve months each.
"""

from typing import Final

from bench.books import books_measured
from bench.figures import RATIO, Figure, ratios
from bench.measuring import Measuring
from bench.workload import THIS_YEAR, Workload, homes

HOMES: Final = 1_000
EVENTS: Final = 100_000


async def measure(measuring: Measuring) -> list[Figure]:
    posted, raw = [], []
    workload, paying = Workload(), homes(measuring.events(HOMES))
    async with books_measured(measuring.stack) as books:
        await books.fill(workload.agreed(paying, THIS_YEAR))
        await books.settle()
        for run in range(measuring.runs):
            events = workload.paid(paying, THIS_YEAR, measuring.events(EVENTS))
            segment = await books.fill(events)
            raw.append(await books.insert(segment))
            posted.append(await books.post(segment))
            measuring.say(
                f"posting, run {run + 1}: {posted[-1]:,.0f}/s; raw insert {raw[-1]:,.0f}/s"
            )
        measuring.say(f"checked {await books.verify():,} records: 0 differences")
    return [
        Figure(
            name="posting, decode → commit, 2 processes",
            unit="events/s",
            samples=posted,
            goal=40_000,
            floor=20_000,
        ),
        Figure(
            name="posting ÷ raw insert of the same entries",
            unit=RATIO,
            samples=ratios(posted, raw),
            goal=0.4,
            floor=0.2,
        ),
        Figure(name="raw insert, 1,000 a call, 1 connection", unit="entries/s", samples=raw),
    ]
