"""As each organisation, everything that can be written is tried at what is others'.

Each is refused as if it had never been there, and tells nothing of it.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import httpx2
import pytest

from deploy.database import AUDITOR, connected
from deploy.services import SERVICES
from shared.contracts.registry import PARTNERS
from shared.ids import new_opaque_id
from tests.access.endpoints import ASKS, Endpoint, endpoints
from tests.support.answering import told
from tests.walls.asking import COMMITMENT_IDS, FEW
from tests.walls.world import World, marks_in

DELIVERY_IDS: Final = frozenset(
    {"payment_id", "disbursement_id", "timesheet_id", "session_id", "attendance_id"}
)
IN_HOMES: Final = """
-- What there is of each home: what was promised, arrived, is disputed, asked for and leased.
SELECT home_id, commitment_id, delivery_id, dispute_id, ask_id, offer_id, lease_id
FROM homes.commitment LEFT JOIN homes.arrival USING (home_id, commitment_id)
LEFT JOIN homes.dispute USING (delivery_id) LEFT JOIN homes.ask USING (home_id)
LEFT JOIN homes.offer USING (home_id, ask_id)
LEFT JOIN rent_sponsorship.lease USING (home_id) {where}
ORDER BY home_id, lease_id IS NULL, offer_id IS NULL, dispute_id IS NULL, delivery_id IS NULL
"""
OF_SERVICE: Final = "WHERE commitment_id IN (SELECT commitment_id FROM {service}.commitment)"
KEYS: Final = "SELECT organisation_id, min(key_id) AS key_id FROM organisations.api_key GROUP BY 1"
EVENTS: Final = "SELECT count(*) FROM {service}.event"

Things = Mapping[str, str]


@dataclass(frozen=True)
class Others:
    """Of each home and of each organisation, what of it a request may name."""

    of_homes: Mapping[str, Sequence[Things]]
    of_organisations: Mapping[str, Things]

    def foreign(self, world: World, organisation_id: str) -> Iterator[Things]:
        homes = [one for one in self.of_homes if one not in world.homes[organisation_id]]
        others = [one for one in self.of_organisations if one != organisation_id]
        for home in homes:
            for of_home in self.of_homes[home]:
                for other in others[:FEW]:
                    yield {**of_home, **self.of_organisations[other]}


async def fetched(world: World, query: str) -> list[dict[str, Any]]:
    async with connected(world.database.url(AUDITOR)) as connection:
        return [dict(row) for row in await connection.fetch(query)]


async def others(world: World, service: str) -> Others:
    where = OF_SERVICE.format(service=service) if service in PARTNERS else ""
    rows = await fetched(world, IN_HOMES.format(where=where))
    keys = {row["organisation_id"]: row["key_id"] for row in await fetched(world, KEYS)}
    return Others(
        {
            home: [named(row) for row in list(rows)[:FEW]]
            for home, rows in groupby(rows, itemgetter("home_id"))
        },
        {
            one: {
                "organisation_id": one,
                "key_id": keys[one],
                "person_id": world.people[one][0],
            }
            for one in world.homes
        },
    )


def named(row: Mapping[str, str | None]) -> Things:
    """By every name that a path or a body has for it."""
    known = {name: value or new_opaque_id() for name, value in row.items()}
    return {
        **known,
        **dict.fromkeys(COMMITMENT_IDS, known["commitment_id"]),
        **dict.fromkeys(DELIVERY_IDS, known["delivery_id"]),
    }


def never_was(things: Things) -> Things:
    return {**dict.fromkeys(things, new_opaque_id()), "key_id": new_opaque_id()[:16]}


def is_about_something(endpoint: Endpoint) -> bool:
    """Whether it writes at a thing that it names; what is asked of a sector, the sector knows."""
    names_one = endpoint.ids or endpoint.is_about_a_home or ":" in endpoint.path
    return endpoint.method != "GET" and bool(names_one) and endpoint.noun not in ASKS


async def written(
    client: httpx2.AsyncClient, endpoint: Endpoint, things: Things
) -> httpx2.Response:
    url = endpoint.url({"parked_id": "1", **things})
    headers = {"Idempotency-Key": new_opaque_id()}
    if endpoint.path.endswith(":import"):
        sheet = f"約束ID,対象月,数量\r\n{things['commitment_id']},2011-08,1\r\n"
        headers["Content-Type"] = "text/csv"
        return await client.post(f"{url}?dry_run=false", content=sheet.encode(), headers=headers)
    body = {"json": endpoint.body(things)} if endpoint.method == "POST" else {}
    return await client.request(endpoint.method, url, headers=headers, **body)


@pytest.mark.parametrize("addresses", ["both walls"], indirect=True, scope="session")
@pytest.mark.parametrize("service", [service.name for service in SERVICES])
async def test_what_is_others_is_written_at_as_at_what_never_was(
    service: str, world: World, addresses: Mapping[str, str]
) -> None:
    address, theirs = addresses[service], await others(world, service)
    async with httpx2.AsyncClient(base_url=address) as client:
        document = (await client.get("/openapi.json")).json()
    writing = [one for one in endpoints(service, document) if is_about_something(one)]
    before = await fetched(world, EVENTS.format(service=service))

    async def write(organisation_id: str, key: str) -> int:
        foreign, tried = world.foreign(organisation_id), 0
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(base_url=address, headers=headers, timeout=30) as client:
            for things in theirs.foreign(world, organisation_id):
                missing = never_was(things)
                for endpoint in writing:
                    seen, unseen = [
                        await written(client, endpoint, one) for one in (things, missing)
                    ]
                    where = f"{organisation_id}: {endpoint} {things}"
                    ids = (things.values(), missing.values())
                    assert told(seen, ids[0]) == told(unseen, ids[1]), where
                    leaked = {mark for mark in marks_in(seen.text) if mark in foreign}
                    assert leaked <= {one.replace("-", "") for one in things.values()}, where
                    tried += 1
        return tried

    tried = await asyncio.gather(*(write(*one) for one in world.keys.items()))
    assert sum(tried) or not writing, "there is something that is others'"
    assert await fetched(world, EVENTS.format(service=service)) == before
