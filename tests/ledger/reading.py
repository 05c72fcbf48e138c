"""The ledger's HTTP in process, asked by a partner who is party to one home."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2

from services.ledger.app import routers
from services.ledger.repository.outcomes import Posted
from shared.access.register import Register
from shared.contracts.resources import CATALOGUE
from shared.http.app import create_app
from tests.ledger.books import PLACES, Cells, Ledger
from tests.support.partners import Partner, introduction
from tests.support.records import Log, envelopes


@dataclass
class Reader:
    """A partner, and the one home that it is party to."""

    client: httpx2.AsyncClient
    home_id: str

    async def get(self, path: str, **asked: str) -> httpx2.Response:
        return await self.client.get(f"/v1/homes/{self.home_id}/{path}", params=asked)

    async def bytes_of(self, path: str, **asked: str) -> bytes:
        response = await self.get(path, **asked)
        assert response.is_success, response.text
        return response.content

    async def cells(self, **asked: str) -> Cells:
        response = await self.get("ledger", **asked)
        assert response.is_success, response.text
        found: Cells = Cells()
        for item in response.json()["items"]:
            where = item["resource"], item["month"]
            assert item["unit"] == CATALOGUE[item["resource"]].unit
            found[*where, "need"] = -item["required"]
            for place in PLACES:
                found[*where, place] = item[place]
        return found

    async def refused(self, path: str, **asked: str) -> str:
        """Ask what must be refused, and return the rule that refuses it."""
        response = await self.get(path, **asked)
        assert response.is_client_error, response.text
        return str(response.json()["type"]).removeprefix("urn:yui:problem:")


@asynccontextmanager
async def reading(ledger: Ledger, home_id: str) -> AsyncIterator[Reader]:
    partner, log = Partner("company"), Log()
    log.write_all(envelopes(introduction(partner, home_id)))
    await ledger.know(log)
    for records in log.topics.values():
        await ledger.hear(records)
    async with asking(ledger, partner.headers) as client:
        yield Reader(client, home_id)


@asynccontextmanager
async def asking(ledger: Ledger, headers: Mapping[str, str]) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a ledger's HTTP, which runs here."""
    transactions = ledger.batches.transactions
    made = routers(transactions, ledger.business_date, Posted(transactions.wall))
    app = create_app("ledger", Register(ledger.pool), made)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://here", headers=dict(headers)
    ) as client:
        yield client
