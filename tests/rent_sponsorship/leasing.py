"""Rent sponsorship's API in process, with a home, whoever leases its house, and its sponsors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from shared.contracts.rent_sponsorship import OWNER
from shared.ids import new_opaque_id
from tests.commitments.test_desk import Api, served
from tests.support.stack import MakeDatabase

LEASE = {
    "home_id": "h",
    "kind": "fixed_term",
    "starts_on": "2011-08-01",
    "term_ends_on": "2013-07-31",
    "rent_yen": 140_000,
    "common_charge_yen": 10_000,
    "deposit_yen": 300_000,
}


@dataclass
class Renting:
    """Asks as one of the partners, by its name."""

    api: Api

    async def post(
        self, name: str, path: str, body: dict[str, Any], **headers: str
    ) -> httpx2.Response:
        opening = {**self.api.partners[name].headers, "Idempotency-Key": new_opaque_id()}
        return await self.api.client.post(path, json=body, headers={**opening, **headers})

    async def done(self, name: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.post(name, path, body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def refused(self, name: str, path: str, body: dict[str, Any]) -> str:
        answer = await self.post(name, path, body)
        assert answer.is_client_error, answer.text
        return str(answer.json()["type"]).removeprefix("urn:yui:problem:")

    async def get(self, name: str, path: str, **headers: str) -> httpx2.Response:
        opening = self.api.partners[name].headers
        return await self.api.client.get(path, headers={**opening, **headers})

    async def items(self, name: str, path: str) -> list[dict[str, Any]]:
        return list((await self.get(name, path)).json()["items"])

    async def lease(self, name: str = "nonprofit", **terms: Any) -> str:  # noqa: ANN401  JSON
        """Register one, and return where it is found."""
        answer = await self.done(name, "/v1/leases", {**LEASE, **terms})
        return f"/v1/leases/{answer['lease_id']}"


@asynccontextmanager
async def renting(database: MakeDatabase) -> AsyncIterator[Renting]:
    async with served(await database(OWNER)) as api:
        for home_id in ("h", "other-home"):
            await api.home(home_id)
        await api.organisation("nonprofit", "nonprofit", "h", "other-home")
        await api.organisation("sponsor", "company", "h", "other-home")
        await api.organisation("baker", "company", "h")
        await api.organisation("stranger", "company")
        await api.organisation("neighbours", "volunteers", "h")
        yield Renting(api)
