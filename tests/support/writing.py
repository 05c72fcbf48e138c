"""Partners who pay rent again and again through the API, and note what they were told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx2

from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner
from tests.support.stack import ServiceProcess
from tests.support.village import Village

WRITERS: Final = 4
MONTHS: Final = ("2011-08", "2011-09")


@dataclass
class Writing:
    """Partners who pay again and again, and note what they were told."""

    rent: ServiceProcess
    journal: Path
    patient: bool = False
    """Whether they ask again where they are not answered; else that is a fault."""
    accepted: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def pay(self, sponsor: Partner, home_id: str, random: Random) -> None:
        agreement = await self._agreed(Caller(self.rent.url, sponsor.key), home_id)
        path = f"/v1/rent-agreements/{agreement}/payments"
        async with httpx2.AsyncClient(base_url=self.rent.url, timeout=30) as client:
            while not self.stopping.is_set():
                body = {"month": random.choice(MONTHS), "amount_yen": 100, "gift": True}
                asking = sponsor.asking()
                answer = await self._answered(client, path, body, asking)
                self._note(asking["Idempotency-Key"], answer["event_ids"])

    async def _answered(
        self, client: httpx2.AsyncClient, path: str, body: dict[str, Any], asking: dict[str, str]
    ) -> dict[str, Any]:
        answers: list[httpx2.Response] = []

        async def answered() -> bool:
            with suppress(*((httpx2.HTTPError,) if self.patient else ())):
                answers.append(await client.post(path, json=body, headers=asking))
                return answers[-1].is_success or not (self.patient and answers[-1].is_server_error)
            return False

        await assert_eventually(answered, within_seconds=60)
        assert answers[-1].is_success, answers[-1].text
        return dict(answers[-1].json())

    def _note(self, key: str, event_ids: list[str]) -> None:
        line = {"service": "rent_sponsorship", "idempotency_key": key, "event_ids": event_ids}
        with self.journal.open("a") as told:
            print(json.dumps(line), file=told)
        self.accepted += 1

    async def _agreed(self, caller: Caller, home_id: str) -> str:
        signed: list[str] = []

        async def agreed() -> bool:
            response = await caller.post("/v1/rent-agreements", {"home_id": home_id})
            signed.extend([response.json()["commitment_id"]] if response.is_success else [])
            return bool(signed)

        await assert_eventually(agreed)
        return signed[-1]


@asynccontextmanager
async def written(
    rent: ServiceProcess, villages: list[Village], journal: Path, *, patient: bool = False
) -> AsyncIterator[Writing]:
    """Let partners write meanwhile; what one of them is refused fails the test."""
    writing = Writing(rent, journal, patient)
    async with asyncio.TaskGroup() as group:
        for number in range(WRITERS):
            place = villages[number % len(villages)]
            sponsor = await place.join("company")
            group.create_task(writing.pay(sponsor, place.home_id, Random(number)))
        try:
            yield writing
        finally:
            writing.stopping.set()
