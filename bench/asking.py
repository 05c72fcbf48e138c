"""Questions to a shipped ledger process over HTTP, one after the other, and how long each takes.

The client's own time is part of each figure.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from bench.books import BooksMeasured
from bench.figures import percentile
from shared.contracts.ledger import OWNER
from tests.support.partners import Partner

WARM_UP: Final = 30
LIMIT: Final = 500

Ask = Callable[[], Awaitable[int]]
"""Asks one question, and counts what is answered."""


@dataclass(frozen=True, slots=True)
class Asking:
    client: httpx2.AsyncClient

    async def matrix(self, home_id: str, **asked: str) -> int:
        """A home's books, now or as they were known."""
        return len((await self._get(f"/v1/homes/{home_id}/ledger", asked))["items"])

    async def shortfalls(self) -> int:
        """Page by page, until there is none."""
        count, asked = 0, {"limit": str(LIMIT)}
        while True:
            found = await self._get("/v1/shortfalls", asked)
            count += len(found["items"])
            if found["next_cursor"] is None:
                return count
            asked["cursor"] = found["next_cursor"]

    async def _get(self, path: str, asked: dict[str, str]) -> dict[str, Any]:
        response = await self.client.get(path, params=asked)
        response.raise_for_status()
        return dict(response.json())


async def p99_ms(ask: Ask, expected: int, questions: int) -> float:
    took_ms = []
    for number in range(WARM_UP + questions):
        began = time.perf_counter()
        counted = await ask()
        if counted != expected:
            raise RuntimeError(f"{counted} answered instead of {expected}")
        if number >= WARM_UP:
            took_ms.append((time.perf_counter() - began) * 1000)
    return percentile(took_ms, 99)


@asynccontextmanager
async def asking(books: BooksMeasured, reader: Partner) -> AsyncIterator[Asking]:
    ledger = await books.stack.start(OWNER, books.database)
    async with httpx2.AsyncClient(base_url=ledger.url, headers=reader.headers) as client:
        yield Asking(client)
    await ledger.stop()
