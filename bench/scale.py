"""What an event costs as the village grows: with the number of homes, with that of entries."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from bench.books import BooksMeasured, books_measured
from bench.figures import RATIO, Figure, ratios
from bench.measuring import Measuring
from bench.workload import THIS_YEAR, Home, Workload, homes

SIZES: Final = (10, 100, 1_000, 10_000)
EVENTS: Final = 50_000

HOMES: Final = 1_000
FIRST_ENTRIES: Final = 100_000
MEASURED: Final = 20_000
AT_ONCE: Final = 200_000
"""What two processes can hold in memory."""


async def measure_homes(measuring: Measuring) -> list[Figure]:
    workload, rates = Workload(), defaultdict[int, list[float]](list)
    villages = {size: homes(size) for size in SIZES}
    async with books_measured(measuring.stack) as books:
        for village in villages.values():
            await books.fill(workload.agreed(village, THIS_YEAR))
        await books.settle()
        for run in range(measuring.runs):
            for size, village in villages.items():
                events = workload.paid(village, THIS_YEAR, measuring.events(EVENTS))
                rates[size].append(await books.rate(events))
            told = ", ".join(f"{size:,}: {found[-1]:,.0f}/s" for size, found in rates.items())
            measuring.say(f"homes, run {run + 1}: {told}")
        measuring.say(f"checked {await books.verify():,} records: 0 differences")
    return [
        Figure(
            name=f"cost of an event, {SIZES[0]} → {size:,} homes",
            unit=RATIO,
            samples=ratios(rates[SIZES[0]], rates[size]),
            goal=1.1,
            floor=1.3,
            better="less",
        )
        for size in SIZES[1:]
    ]


async def measure_entries(measuring: Measuring) -> list[Figure]:
    workload, village = Workload(), homes(HOMES)
    rates: dict[int, list[float]] = {}
    async with books_measured(measuring.stack) as books:
        await books.fill(workload.agreed(village, THIS_YEAR))
        await books.settle()
        for size in _sizes(measuring.entries):
            await _grow(books, workload, village, size)
            rates[size] = [
                await books.rate(workload.paid(village, THIS_YEAR, MEASURED))
                for _ in range(measuring.runs)
            ]
            told = ", ".join(f"{rate:,.0f}/s" for rate in rates[size])
            measuring.say(f"entries, from {size:,}: {told}")
        measuring.say(f"checked {await books.verify():,} records: 0 differences")
    return [
        Figure(
            name=f"cost of an event, {FIRST_ENTRIES:,} → {size:,} entries",
            unit=RATIO,
            samples=ratios(rates[FIRST_ENTRIES], found),
            goal=1.15,
            floor=1.4,
            better="less",
        )
        for size, found in rates.items()
        if size != FIRST_ENTRIES
    ]


def _sizes(largest: int) -> Iterator[int]:
    size = FIRST_ENTRIES
    while size <= largest:
        yield size
        size *= 10


async def _grow(
    books: BooksMeasured, workload: Workload, village: Sequence[Home], size: int
) -> None:
    while (missing := size - await books.entries()) > 0:
        await books.rate(workload.paid(village, THIS_YEAR, min(missing, AT_ONCE)))
