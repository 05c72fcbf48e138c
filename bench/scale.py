"""What an event costs as the village grows: with the number of homes, with that of entries."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Final

from bench.asking import asking, p99_ms
from bench.books import BooksMeasured, books_measured
from bench.figures import RATIO, Figure, ratios
from bench.measuring import Measuring
from bench.workload import THIS_YEAR, Home, Workload, homes
from tests.support.partners import Partner, introduction

SIZES: Final = (10, 100, 1_000, 10_000)
EVENTS: Final = 50_000

HOMES: Final = 1_000
FIRST_ENTRIES: Final = 100_000
MEASURED: Final = 20_000
QUESTIONS: Final = 300
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
    workload, village, reader = Workload(), homes(HOMES), Partner("nonprofit")
    rates: dict[int, list[float]] = {}
    known_ms: dict[int, list[float]] = {}
    async with books_measured(measuring.stack) as books:
        await books.fill(workload.told(*introduction(reader, *[h.home_id for h in village])))
        await books.fill(workload.agreed(village, THIS_YEAR))
        await books.settle()
        for size in _sizes(measuring.entries):
            await _grow(books, workload, village, size)
            rates[size] = [
                await books.rate(workload.paid(village, THIS_YEAR, MEASURED))
                for _ in range(measuring.runs)
            ]
            known_ms[size] = await _known_ms(books, reader, village, measuring.runs)
            posted = ", ".join(f"{rate:,.0f}/s" for rate in rates[size])
            known = ", ".join(f"{took:.1f} ms" for took in known_ms[size])
            measuring.say(f"entries, from {size:,}: {posted}; as-of read p99 {known}")
        measuring.say(f"checked {await books.verify():,} records: 0 differences")
    costs = [
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
    reads = [
        Figure(
            name=f"as-of read of a home at {size:,} entries, p99",
            unit="ms",
            samples=found,
            goal=5,
            floor=20,
            better="less",
        )
        for size, found in known_ms.items()
    ]
    return [*costs, *reads]


async def _known_ms(
    books: BooksMeasured, reader: Partner, village: Sequence[Home], runs: int
) -> list[float]:
    """The books of one home after the other, at instants spread over all of their past."""
    moments = cycle(await books.moments(QUESTIONS))
    turn = cycle(village)
    async with asking(books, reader) as asked:

        async def known() -> int:
            known_at = next(moments).isoformat()
            return await asked.matrix(next(turn).home_id, known_at=known_at)

        return [await p99_ms(known, len(THIS_YEAR), QUESTIONS) for _ in range(runs)]


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
