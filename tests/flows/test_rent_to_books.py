"""The walking slice: a sponsor's request over HTTP, through Kafka, to the home's books."""

from typing import Any

import httpx2

from shared.contracts.resources import RENT
from shared.ids import new_opaque_id
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce, announce_home
from tests.support.publishing import Publisher
from tests.support.stack import MakeDatabase, Stack

NEED = dict.fromkeys(("2011-08", "2011-09", "2011-10"), 150_000)


async def test_a_payment_reaches_the_books(stack: Stack, database: MakeDatabase) -> None:
    db = await database("rent_sponsorship", "ledger")
    rent = await stack.start("rent_sponsorship", db)
    ledger = await stack.start("ledger", db)
    home_id, sponsor = new_opaque_id(), Partner("company")
    async with Publisher(stack.kafka_bootstrap) as publisher:
        await announce(publisher, sponsor, home_id)
        await announce_home(publisher, home_id, RENT, NEED)

    async with httpx2.AsyncClient() as client:

        async def ask(path: str, body: dict[str, Any]) -> dict[str, Any]:
            url = f"{rent.url}/v1/rent-agreements{path}"
            response = await client.post(url, json=body, headers=sponsor.asking())
            assert response.is_success, response.text
            return dict(response.json())

        async def signed() -> str:
            return str((await ask("", {"home_id": home_id}))["commitment_id"])

        agreements: list[str] = []

        async def agreed() -> bool:
            agreements.append(await signed())
            return True

        await assert_eventually(agreed)
        agreement = f"/{agreements[-1]}"
        promise = {"from_month": "2011-08", "through_month": "2011-10", "amount_yen": 150_000}
        await ask(f"{agreement}/promises", promise)
        paid = await ask(f"{agreement}/payments", {"month": "2011-08", "amount_yen": 150_000})

        url = f"{ledger.url}/v1/events/{paid['event_ids'][0]}?wait=10"
        answer = (await client.get(url, headers=sponsor.headers)).json()
        assert answer["outcome"] == "booked", ledger.log.read_text()[-3000:]

        url = f"{ledger.url}/v1/homes/{home_id}/ledger"
        books = (await client.get(url, headers=sponsor.headers)).json()["items"]
    places = ("required", "open", "promised", "delivered", "confirmed")
    assert {cell["month"]: tuple(cell[place] for place in places) for cell in books} == {
        "2011-08": (150_000, 0, 0, 150_000, 0),
        "2011-09": (150_000, 0, 150_000, 0, 0),
        "2011-10": (150_000, 0, 150_000, 0, 0),
    }
