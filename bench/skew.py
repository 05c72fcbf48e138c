"""What neither crowds nor lateness may cost: hot homes, and months that are long over.

Peers queue on a hot account, and rewrite every later row of an account for a late event. So late
events are booked twice over: for a month without any, and on ten accounts of which each already
has 20,000 entries in that month and 20,000 in a later one.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from bench.books import BooksMeasured, books_measured
from bench.figures import RATIO, Figure, ratios
from bench.measuring import Measuring
from bench.workload import THIS_YEAR, Home, Workload, homes
from shared.contracts.event import Month

HOMES: Final = 1_000
HOT: Final = 10
EVENTS: Final = 50_000
LATER: Final = 20_000

THIS_MONTH: Final = ("2026-11",)
LONG_AGO: Final = ("2012-11",)


async def measure(measuring: Measuring) -> list[Figure]:
    workload, later = Workload(), LATER // 10 if measuring.quick else LATER
    everywhere, hot, full = homes(measuring.events(HOMES)), homes(HOT), homes(HOT)
    ways: dict[str, tuple[Sequence[Home], Sequence[Month]]] = {
        "uniform": (everywhere, THIS_YEAR),
        "hot": (hot, THIS_YEAR),
        "punctual": (everywhere, THIS_MONTH),
        "late": (everywhere, LONG_AGO),
        "punctual on few": (hot, THIS_MONTH),
        "late on full": (full, LONG_AGO),
    }
    rates: dict[str, list[float]] = defaultdict(list)
    async with books_measured(measuring.stack) as books:
        await books.fill(workload.agreed([*everywhere, *hot, *full], (*THIS_YEAR, *LONG_AGO)))
        await books.settle()
        await _fill_accounts(books, workload, full, later, measuring)
        for run in range(measuring.runs):
            for name, (paying, months) in ways.items():
                events = workload.paid(paying, months, measuring.events(EVENTS))
                rates[name].append(await books.rate(events))
            told = ", ".join(f"{name} {found[-1]:,.0f}/s" for name, found in rates.items())
            measuring.say(f"skew, run {run + 1}: {told}")
        measuring.say(f"checked {await books.verify():,} records: 0 differences")
    return [
        Figure(
            name="ten hot homes ÷ uniform",
            unit=RATIO,
            samples=ratios(rates["hot"], rates["uniform"]),
            goal=1.0,
            floor=0.7,
        ),
        Figure(
            name="all late ÷ all punctual",
            unit=RATIO,
            samples=ratios(rates["late"], rates["punctual"]),
            goal=0.8,
            floor=0.5,
        ),
        Figure(
            name=f"all late on ten accounts with {later:,} later entries ÷ all punctual on ten",
            unit=RATIO,
            samples=ratios(rates["late on full"], rates["punctual on few"]),
            goal=0.8,
            floor=0.5,
        ),
    ]


async def _fill_accounts(
    books: BooksMeasured,
    workload: Workload,
    full: Sequence[Home],
    later: int,
    measuring: Measuring,
) -> None:
    entries = later * len(full)
    for month in (LONG_AGO, THIS_MONTH):
        rate = await books.rate(workload.paid(full, month, entries))
        measuring.say(f"skew: {entries:,} entries on {len(full)} accounts, {rate:,.0f}/s")
