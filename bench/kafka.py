"""From Kafka to the books: two shipped ledger processes started on a filled topic.

The clock runs from the first offset that moves, once both share the partitions, to the last. In
each run the same path is also fed from memory, with as many events.
"""

from typing import Final

from bench.books import books_measured
from bench.figures import RATIO, Figure, ratios
from bench.measuring import Measuring
from bench.workload import THIS_YEAR, Workload, homes

HOMES: Final = 1_000
QUICK_EVENTS: Final = 60_000
"""Fewer, and the joining of the group would be most of what is measured."""
EVENTS: Final = 200_000


async def measure(measuring: Measuring) -> list[Figure]:
    heard, posted = [], []
    workload, paying = Workload(), homes(measuring.events(HOMES))
    async with books_measured(measuring.stack) as books:
        await books.fill(workload.agreed(paying, THIS_YEAR))
        await books.settle()
        for run in range(measuring.runs):
            events = QUICK_EVENTS if measuring.quick else EVENTS
            fed = await books.fill(workload.paid(paying, THIS_YEAR, events))
            posted.append(await books.post(fed))
            waiting = await books.fill(workload.paid(paying, THIS_YEAR, events))
            heard.append(await books.hear(waiting))
            measuring.say(
                f"Kafka, run {run + 1}: {heard[-1]:,.0f}/s; from memory {posted[-1]:,.0f}/s"
            )
        measuring.say(f"checked {await books.verify():,} records: 0 differences")
    return [
        Figure(
            name="Kafka → committed, 2 processes, broker on the same cores",
            unit="events/s",
            samples=heard,
            goal=20_000,
            floor=10_000,
        ),
        Figure(
            name="Kafka → committed ÷ the same fed from memory",
            unit=RATIO,
            samples=ratios(heard, posted),
            goal=0.5,
            floor=0.25,
        ),
    ]
