"""What a partner waits for when it reads: one home's matrix, and all that is missing anywhere.

Asked over HTTP of a shipped ledger process, one question after another; the client's own time is
part of each figure.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final

import httpx2

from bench.books import books_measured
from bench.figures import Figure, percentile
from bench.measuring import Measuring
from bench.workload import COMMITTED, Home, Workload, homes
from shared.contracts.ledger import OWNER
from shared.contracts.resources import RENT
from tests.support.partners import Partner, introduction

HOMES: Final = 1_000
MONTHS: Final = tuple(f"{year}-{month:02}" for year in (2026, 2027) for month in range(1, 13))
LEFT_OPEN: Final = (RENT, MONTHS[-1])
"""One cell of each home, which nobody has promised yet."""
QUESTIONS: Final = 300
WARM_UP: Final = 30
LIMIT: Final = 500

Ask = Callable[[], Awaitable[int]]
"""Asks one question, and counts what is answered."""


async def measure(measuring: Measuring) -> list[Figure]:
    workload, village, reader = Workload(), homes(HOMES), Partner("nonprofit")
    known = [home.home_id for home in village]
    matrix_ms: list[float] = []
    shortfalls_ms: list[float] = []
    async with books_measured(measuring.stack) as books:
        await books.fill(workload.told(*introduction(reader, *known)))
        await books.fill(
            workload.agreed(
                village, MONTHS, resources=tuple(COMMITTED), left_open=frozenset({LEFT_OPEN})
            )
        )
        await books.settle()
        ledger = await measuring.stack.start(OWNER, books.database)
        async with httpx2.AsyncClient(base_url=ledger.url, headers=reader.headers) as client:
            asking = Asking(client, cycle(village))
            for run in range(measuring.runs):
                cells = len(COMMITTED) * len(MONTHS)
                matrix_ms.append(await _p99(asking.matrix, cells, QUESTIONS))
                shortfalls_ms.append(await _p99(asking.shortfalls, HOMES, QUESTIONS // 3))
                measuring.say(
                    f"reads, run {run + 1}, p99: matrix {matrix_ms[-1]:.1f} ms, "
                    f"shortfalls {shortfalls_ms[-1]:.1f} ms"
                )
        await ledger.stop()
        measuring.say(f"checked {await books.verify():,} records: 0 differences")
    return [
        Figure(
            name=f"matrix of one home, {len(MONTHS)} months × {len(COMMITTED)} resources, p99",
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


@dataclass(frozen=True, slots=True)
class Asking:
    client: httpx2.AsyncClient
    homes: "cycle[Home]"

    async def matrix(self) -> int:
        months = {"from_month": MONTHS[0], "through": MONTHS[-1]}
        found = await self._get(f"/v1/homes/{next(self.homes).home_id}/ledger", months)
        return len(found["items"])

    async def shortfalls(self) -> int:
        """Page by page, until there is none."""
        found = await self._get("/v1/shortfalls", {"limit": LIMIT})
        count = len(found["items"])
        while found["next_cursor"] is not None:
            after = {"limit": LIMIT, "cursor": found["next_cursor"]}
            found = await self._get("/v1/shortfalls", after)
            count += len(found["items"])
        return count

    async def _get(self, path: str, parameters: dict[str, Any]) -> dict[str, Any]:
        response = await self.client.get(path, params=parameters)
        response.raise_for_status()
        return dict(response.json())


async def _p99(ask: Ask, expected: int, questions: int) -> float:
    took_ms = []
    for number in range(WARM_UP + questions):
        began = time.perf_counter()
        counted = await ask()
        if counted != expected:
            raise RuntimeError(f"{counted} answered instead of {expected}")
        if number >= WARM_UP:
            took_ms.append((time.perf_counter() - began) * 1000)
    return percentile(took_ms, 99)
