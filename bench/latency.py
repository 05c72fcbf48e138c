"""How long after its 2xx a payment stands in the books: shipped processes at a steady rate.

Measured from outside: from the API's answer to the ledger's answer that it is booked, so the
question's own way over HTTP is part of each figure. Of the higher rate one payment in six is
followed, as many as at the lower, so that the questions do not become the load.
"""

import asyncio
import time
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Final

import httpx2

from bench.figures import Figure, percentile
from bench.measuring import Measuring, verify
from shared.contracts.resources import RENT
from shared.ids import new_opaque_id
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce_home, introduction
from tests.support.publishing import Publisher
from tests.support.stack import ServiceProcess

RATES: Final = (50, 300)
FOLLOWED_PER_SECOND: Final = 50
WARM_UP_S: Final = 15
MEASURED_S: Final = 20
HOMES: Final = 100
GOAL_MS: Final = {50: 10.0, 99: 40.0}
FLOOR_MS: Final = {50: 25.0, 99: 150.0}
MONTH: Final = "2012-01"
REQUIRED_YEN: Final = 10_000_000
PAID_YEN: Final = 100
LIMITS: Final = httpx2.Limits(
    max_connections=200,
    max_keepalive_connections=200,
    # Shorter than the server keeps them: else it closes one that is just being used again.
    keepalive_expiry=2,
)


@dataclass(slots=True)
class Load:
    """Payments on agreements of many homes, each from what was promised."""

    client: httpx2.AsyncClient
    rent: ServiceProcess
    ledger: ServiceProcess
    sponsor: Partner
    agreements: "cycle[str]" = field(default_factory=lambda: cycle(()))
    to_answer_ms: list[float] = field(default_factory=list)
    to_books_ms: list[float] = field(default_factory=list)

    async def agree(self, home_ids: list[str]) -> None:
        signed = [await self._agreed(home_id) for home_id in home_ids]
        self.agreements = cycle(signed)

    async def _agreed(self, home_id: str) -> str:
        agreement = ""

        async def signed() -> bool:
            nonlocal agreement
            response = await self._post("", {"home_id": home_id})
            if response.is_success:
                agreement = response.json()["commitment_id"]
            return bool(response.is_success)

        await assert_eventually(signed)
        promise = {"from_month": MONTH, "through_month": MONTH, "amount_yen": REQUIRED_YEN}
        (await self._post(f"/{agreement}/promises", promise)).raise_for_status()
        return agreement

    async def run(self, per_second: int, seconds: float) -> None:
        """Send at a steady rate, whether or not earlier ones have been answered."""
        self.to_answer_ms.clear()
        self.to_books_ms.clear()
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(int(seconds * per_second)):
                due = began + number / per_second
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                follows = number % (per_second // FOLLOWED_PER_SECOND) == 0
                group.create_task(self._pay(next(self.agreements), follows=follows))

    async def _pay(self, agreement: str, *, follows: bool) -> None:
        asked = time.perf_counter()
        body = {"month": MONTH, "amount_yen": PAID_YEN}
        response = await self._post(f"/{agreement}/payments", body)
        answered = time.perf_counter()
        response.raise_for_status()
        if not follows:
            return
        url = f"{self.ledger.url}/v1/events/{response.json()['event_ids'][0]}?wait=10"
        booked = await self.client.get(url, headers=self.sponsor.headers)
        if booked.json()["outcome"] != "booked":
            raise RuntimeError(booked.text)
        self.to_answer_ms.append((answered - asked) * 1000)
        self.to_books_ms.append((time.perf_counter() - answered) * 1000)

    async def _post(self, path: str, body: dict[str, Any]) -> httpx2.Response:
        url = f"{self.rent.url}/v1/rent-agreements{path}"
        return await self.client.post(url, json=body, headers=self.sponsor.asking())


async def measure(measuring: Measuring) -> list[Figure]:
    stack = measuring.stack
    await stack.empty_topics()
    database = await stack.database("rent_sponsorship", "ledger")
    rent, ledger = [await stack.start(name, database) for name in ("rent_sponsorship", "ledger")]
    sponsor, home_ids = Partner("company"), [new_opaque_id() for _ in range(HOMES)]
    figures: list[Figure] = []
    async with Publisher(stack.kafka_bootstrap) as publisher:
        await publisher.publish(*introduction(sponsor, *home_ids))
        for home_id in home_ids:
            await announce_home(publisher, home_id, RENT, {MONTH: REQUIRED_YEN})
    async with httpx2.AsyncClient(limits=LIMITS, timeout=30) as client:
        load = Load(client, rent, ledger, sponsor)
        await load.agree(home_ids)
        for per_second in RATES:
            figures += await _at(measuring, load, per_second)
    for process in (rent, ledger):
        await process.stop()
    measuring.say(f"checked {await verify(stack, database):,} records: 0 differences")
    await stack.drop(database)
    return figures


async def _at(measuring: Measuring, load: Load, per_second: int) -> list[Figure]:
    samples: dict[int, list[float]] = {percent: [] for percent in GOAL_MS}
    await load.run(per_second, WARM_UP_S)
    for run in range(measuring.runs):
        await load.run(per_second, MEASURED_S)
        for percent, found in samples.items():
            found.append(percentile(load.to_books_ms, percent))
        measuring.say(
            f"latency at {per_second}/s, run {run + 1}: p50 {samples[50][-1]:.1f}, "
            f"p99 {samples[99][-1]:.1f} ms; request → answer "
            f"p50 {percentile(load.to_answer_ms, 50):.1f}, "
            f"p99 {percentile(load.to_answer_ms, 99):.1f} ms"
        )
    bound = per_second == RATES[0]
    return [
        Figure(
            name=f"API 2xx → on the books at {per_second}/s, p{percent}",
            unit="ms",
            samples=found,
            goal=GOAL_MS[percent] if bound else None,
            floor=FLOOR_MS[percent] if bound else None,
            better="less",
        )
        for percent, found in samples.items()
    ]
