"""What a partner waits for when it reads: one home's matrix, and all that is missing anywhere."""

from itertools import cycle
from typing import Final

from bench.asking import asking, p99_ms
from bench.books import books_measured
from bench.figures import Figure
from bench.measuring import Measuring
from bench.workload import COMMITTED, Workload, homes
from shared.contracts.resources import RENT
from tests.support.partners import Partner, introduction

HOMES: Final = 1_000
MONTHS: Final = tuple(f"{year}-{month:02}" for year in (2026, 2027) for month in range(1, 13))
LEFT_OPEN: Final = frozenset({(RENT, MONTHS[-1])})
"""One cell of each home, which nobody has promised yet."""
QUESTIONS: Final = 300


async def measure(measuring: Measuring) -> list[Figure]:
    workload, village, reader = Workload(), homes(HOMES), Partner("nonprofit")
    resources, home_ids = tuple(COMMITTED), [home.home_id for home in village]
    matrix_ms: list[float] = []
    shortfalls_ms: list[float] = []
    async with books_measured(measuring.stack) as books:
        await books.fill(workload.told(*introduction(reader, *home_ids)))
        await books.fill(
            workload.agreed(village, MONTHS, resources=resources, left_open=LEFT_OPEN)
        )
        await books.settle()
        async with asking(books, reader) as asked:
            turn = cycle(home_ids)

            async def matrix() -> int:
                return await asked.matrix(next(turn), from_month=MONTHS[0], through=MONTHS[-1])

            for run in range(measuring.runs):
                cells = len(resources) * len(MONTHS)
                matrix_ms.append(await p99_ms(matrix, cells, QUESTIONS))
                shortfalls_ms.append(await p99_ms(asked.shortfalls, HOMES, QUESTIONS // 3))
                measuring.say(
                    f"reads, run {run + 1}, p99: matrix {matrix_ms[-1]:.1f} ms, "
                    f"shortfalls {shortfalls_ms[-1]:.1f} ms"
                )
        measuring.say(f"checked {await books.verify():,} records: 0 differences")
    return [
        Figure(
            name=f"matrix of one home, {len(MONTHS)} months × {len(resources)} resources, p99",
            unit="ms",
            samples=matrix_ms,
            goal=10,
            floor=40,
            better="less",
        ),
        Figure(
            name=f"all shortfalls of {HOMES:,} homes, p99",
            unit="ms",
            samples=shortfalls_ms,
            goal=50,
            floor=200,
            better="less",
        ),
    ]
