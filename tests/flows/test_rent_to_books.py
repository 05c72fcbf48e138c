"""The walking slice: a sponsor's request over HTTP, through Kafka, to the home's books."""

from typing import Any

import httpx2

from shared.contracts.resources import RENT
from shared.ids import new_opaque_id
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce, announce_home
from tests.support.publishing import Publisher
from tests.support.stack import MakeDatabase, Stack

PLACES = ("required", "open", "promised", "delivered", "confirmed")
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

        async def once_it_is_known(path: str, body: dict[str, Any]) -> dict[str, Any]:
            """Ask until the news that the answer rests on has arrived."""
            answers: list[dict[str, Any]] = []

            async def answered() -> None:
                answers.append(await ask(path, body))

            await assert_eventually(answered)
            return answers[-1]

        signed = await once_it_is_known("", {"home_id": home_id})
        agreement = f"/{signed['commitment_id']}"
        promise = {"from_month": "2011-08", "through_month": "2011-10", "amount_yen": 150_000}
        await once_it_is_known(f"{agreement}/promises", promise)
        paid = await ask(f"{agreement}/payments", {"month": "2011-08", "amount_yen": 150_000})

        async def booked() -> None:
            url = f"{ledger.url}/v1/events/{paid['event_ids'][0]}?wait=5"
            answer = (await client.get(url, headers=sponsor.headers)).json()
            assert answer.get("outcome") == "booked", answer

        async def in_the_books() -> None:
            url = f"{ledger.url}/v1/homes/{home_id}/ledger"
            books = (await client.get(url, headers=sponsor.headers)).json()["items"]
            assert {cell["month"]: tuple(cell[place] for place in PLACES) for cell in books} == {
                "2011-08": (150_000, 0, 0, 150_000, 0),
                "2011-09": (150_000, 0, 150_000, 0, 0),
                "2011-10": (150_000, 0, 150_000, 0, 0),
            }

        await assert_eventually(booked)
        await assert_eventually(in_the_books)
