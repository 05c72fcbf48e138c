"""How long after its 2xx a payment stands in the books: shipped processes, 50 requests a second.

Measured from outside: from the API's answer to the ledger's answer that it is booked, so the
question's own way over HTTP is part of each figure. A run warms up first.
"""

import asyncio
import itertools
import statistics
import time
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from bench.figures import Figure
from bench.measuring import Measuring
from shared.contracts.resources import RENT
from shared.ids import new_opaque_id
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce, announce_home
from tests.support.publishing import Publisher
from tests.support.stack import ServiceProcess

PER_SECOND: Final = 50
WARM_UP_S: Final = 15
MEASURED_S: Final = 20
HOMES: Final = 20
GOAL_MS: Final = {50: 10.0, 99: 40.0}
FLOOR_MS: Final = {50: 25.0, 99: 150.0}
MONTH: Final = "2012-01"


@dataclass
class Load:
    rent: ServiceProcess
    ledger: ServiceProcess
    sponsor: Partner
    agreements: list[str] = field(default_factory=list)
    to_answer_ms: list[float] = field(default_factory=list)
    to_books_ms: list[float] = field(default_factory=list)

    async def sign(self, client: httpx2.AsyncClient, home_id: str) -> None:
        async def signed() -> bool:
            response = await self._post(client, "", {"home_id": home_id})
            if response.is_success:
                self.agreements.append(response.json()["commitment_id"])
            return bool(response.is_success)

        await assert_eventually(signed)

    async def run(self, client: httpx2.AsyncClient, seconds: float) -> None:
        """Send at a steady rate, whether or not earlier ones have been answered."""
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            agreements = itertools.cycle(self.agreements)
            for number in range(int(seconds * PER_SECOND)):
                due = began + number / PER_SECOND
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(self._pay(client, next(agreements)))

    async def _pay(self, client: httpx2.AsyncClient, agreement: str) -> None:
        body = {"month": MONTH, "amount_yen": 100, "gift": True}
        asked = time.perf_counter()
        response = await self._post(client, f"/{agreement}/payments", body)
        answered = time.perf_counter()
        response.raise_for_status()
        url = f"{self.ledger.url}/v1/events/{response.json()['event_ids'][0]}?wait=10"
        booked = await client.get(url, headers=self.sponsor.headers)
        if booked.json()["outcome"] != "booked":
            raise RuntimeError(booked.text)
        self.to_answer_ms.append((answered - asked) * 1000)
        self.to_books_ms.append((time.perf_counter() - answered) * 1000)

    async def _post(
        self, client: httpx2.AsyncClient, path: str, body: dict[str, Any]
    ) -> httpx2.Response:
        url = f"{self.rent.url}/v1/rent-agreements{path}"
        return await client.post(url, json=body, headers=self.sponsor.asking())


async def measure(measuring: Measuring) -> list[Figure]:
    stack = measuring.stack
    await stack.empty_topics()
    database = await stack.database("rent_sponsorship", "ledger")
    rent = await stack.start("rent_sponsorship", database)
    ledger = await stack.start("ledger", database)
    load = Load(rent, ledger, Partner("company"))
    async with Publisher(stack.kafka_bootstrap) as publisher, httpx2.AsyncClient() as client:
        for _ in range(HOMES):
            home_id = new_opaque_id()
            await announce(publisher, load.sponsor, home_id)
            await announce_home(publisher, home_id, RENT, {MONTH: 1_000_000})
            await load.sign(client, home_id)
        measuring.say(f"warming up for {WARM_UP_S} s, then measuring for {MEASURED_S} s ...")
        await load.run(client, WARM_UP_S)
        load.to_answer_ms.clear()
        load.to_books_ms.clear()
        await load.run(client, MEASURED_S)
    stack.stop_services()
    return [
        Figure(
            name=f"answer → on the books at {PER_SECOND}/s, p{percent}",
            unit="ms",
            samples=[_percentile(load.to_books_ms, percent)],
            goal=GOAL_MS[percent],
            floor=FLOOR_MS[percent],
            better="less",
        )
        for percent in (50, 99)
    ]


def _percentile(figures: list[float], percent: int) -> float:
    return statistics.quantiles(figures, n=100, method="inclusive")[percent - 1]
