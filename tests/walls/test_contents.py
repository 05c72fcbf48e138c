"""As each organisation, through everything that can be asked: nothing of others comes out.

Told twice: as shipped, and with a policy that allows everything to everyone, where row-level
security is all that is left.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import httpx2
import pytest

from deploy.database import AUDITOR, connected
from deploy.services import SERVICES
from shared.contracts.registry import PARTNERS
from tests.walls.asking import Question, Questions, answers
from tests.walls.world import World, marks_in

ORGANISATIONS: Final = 8
NOBODYS: Final = frozenset({"/v1/parked/{parked_id}"})
"""Nothing is parked."""


async def questions(world: World, address: str, service: str) -> Questions:
    async with httpx2.AsyncClient(base_url=address) as client:
        document = (await client.get("/openapi.json")).json()
    commitments: list[str] = []
    if service in PARTNERS:
        async with connected(world.database.url(AUDITOR)) as connection:
            rows = await connection.fetch(f"SELECT commitment_id FROM {service}.commitment")  # noqa: S608
        commitments = [row["commitment_id"] for row in rows]
    return Questions(world, document, commitments)


async def told(address: str, key: str, asked: Questions) -> list[tuple[Question, httpx2.Response]]:
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=address, headers=headers, timeout=30) as client:
        return [
            (question, response)
            for question in asked.all()
            for response in await answers(client, question)
        ]


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
async def test_nothing_of_others_comes_out(
    service: str, world: World, addresses: Mapping[str, str]
) -> None:
    asked = await questions(world, addresses[service], service)
    assert len(world.keys) >= ORGANISATIONS

    async def hear(organisation_id: str, key: str) -> None:
        foreign, seen = world.foreign(organisation_id), set()
        for question, response in await told(addresses[service], key, asked):
            text = response.text + str(response.headers)
            found = {mark for mark in marks_in(text) if mark in foreign}
            found |= {name for name in world.called() if name in foreign and name in text}
            assert found <= marks_in(question.asked), (question, response.status_code, found)
            assert response.status_code < httpx2.codes.INTERNAL_SERVER_ERROR, question
            seen |= marks_in(text)
        assert seen & world.own(organisation_id), "it reads what is its own"

    await asyncio.gather(*(hear(*one) for one in world.keys.items()))


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
async def test_each_endpoint_tells_somebody_something(
    service: str, world: World, addresses: Mapping[str, str]
) -> None:
    asked = await questions(world, addresses[service], service)
    quiet = asked.templates() - NOBODYS
    seen: set[str] = set()
    for key in (world.operator_key, *world.keys.values()):
        if quiet:
            answers = await told(addresses[service], key, asked)
            quiet -= {question.template for question, answer in answers if answer.is_success}
            seen = seen.union(*(marks_in(answer.text) for _, answer in answers))
    assert quiet == set()
    for home in {one for homes in world.homes.values() for one in homes}:
        assert seen & world.marks[home], "of both homes something is told: it could come out"
