"""A name that is sent wherever text is taken comes out nowhere but where it may be erased."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from deploy.database import Database, connected
from deploy.services import BY_NAME, SERVICES
from shared.ids import new_opaque_id
from shared.kafka import reading
from tests.people.pushing import NAME, bodies
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.stack import ServiceProcess, Stack

ERASABLE: Final = frozenset(
    {"organisations.name", "volunteers.person", "nonprofit_staffing.person"}
)
TABLES: Final = """
SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
WHERE table_schema = ANY($1) AND table_type = 'BASE TABLE'
"""
SPELLINGS: Final = tuple(
    text
    for word in ("印山田花子", "Marked Hanako")
    for text in (word, word.encode().hex(), word.encode("unicode_escape").decode())
)


@pytest.fixture(scope="module")
async def database(stack: Stack) -> AsyncIterator[Database]:
    await stack.empty_topics()
    made = await stack.database(*BY_NAME)
    yield made
    await stack.drop(made)


@pytest.fixture(scope="module")
async def running(stack: Stack, database: Database) -> AsyncIterator[Mapping[str, ServiceProcess]]:
    started = {service.name: stack.process(service.name, database) for service in SERVICES}
    for process in started.values():
        process.launch()
    for process in started.values():
        await process.ready(within_seconds=60)
    yield started
    for process in started.values():
        process.kill()


async def member(running: Mapping[str, ServiceProcess], operator_key: str) -> str:
    """Return the key of an organisation that every service knows."""
    register = Caller(running["organisations"].url, operator_key)
    body = {"name": NAME, "sectors": ["volunteers", "nonprofit"]}
    organisation_id = (await register.done("/v1/organisations", body))["organisation_id"]
    key = str((await register.done(f"/v1/organisations/{organisation_id}/keys"))["key"])
    for process in running.values():
        caller = Caller(process.url, key)

        async def is_known(caller: Caller = caller) -> bool:
            response = await caller.get("/v1/parked")
            return response.status_code != httpx2.codes.UNAUTHORIZED

        await assert_eventually(is_known)
    return key


async def pushed(url: str, key: str) -> list[tuple[str, httpx2.Response]]:
    """Send the name to every endpoint that takes a body, in its paths and its queries, too."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        document = (await client.get("/openapi.json")).json()
        return [
            (f"{method} {template}", await _send(client, method, path, **more))
            for template, methods in document["paths"].items()
            for method, operation in methods.items()
            for path in _paths(template)
            for more in _ways(document, operation)
        ]


def _paths(template: str) -> Iterator[str]:
    for value in (NAME, "some-id"):
        yield "/".join(value if part.startswith("{") else part for part in template.split("/"))


def _ways(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for body in bodies(document, operation):
        yield {"json": body}
    parameters = operation.get("parameters", ())
    asked = [one["name"] for one in parameters if one.get("in") == "query"]
    yield {"params": dict.fromkeys(asked, NAME)}


async def _send(
    client: httpx2.AsyncClient,
    method: str,
    path: str,
    **more: Any,  # noqa: ANN401  as httpx2's
) -> httpx2.Response:
    headers = {"Idempotency-Key": new_opaque_id()}
    return await client.request(method.upper(), path, headers=headers, **more)


def found_in(text: str) -> set[str]:
    return {spelling for spelling in SPELLINGS if spelling in text}


async def test_a_marked_name_comes_out_nowhere(
    stack: Stack, database: Database, running: Mapping[str, ServiceProcess]
) -> None:
    key = await member(running, stack.operator_key)
    answers: dict[str, list[httpx2.Response]] = defaultdict(list)
    for process in running.values():
        for who in (key, stack.operator_key):
            for named, response in await pushed(process.url, who):
                assert response.status_code < httpx2.codes.INTERNAL_SERVER_ERROR, named
                answers[named].append(response)
                if not response.is_success:
                    assert not found_in(response.text), (named, response.text)
        assert not found_in(process.log.read_text()), process.service.name
    for log in logs_of(stack):
        assert not found_in(log.read_text(errors="replace")), log.name
    for service in SERVICES:
        async with reading(stack.kafka_bootstrap, service.topic) as topic:
            async for records in topic.since({}):
                for record in records:
                    told = b" ".join([record.value or b"", *(v or b"" for _, v in record.headers)])
                    assert not found_in(told.decode(errors="replace")), service.topic
    people = answers["post /v1/people"]
    assert any(one.is_success for one in people), [one.text for one in people]
    holding = await tables_with_the_name(database)
    assert holding == ERASABLE, "it was sent and taken, and is where it may be erased"


def logs_of(stack: Stack) -> list[Path]:
    """The servers' logs; a database's may quote what it could not store."""
    return list(stack.state.logs.glob("*.log"))


async def tables_with_the_name(database: Database) -> set[str]:
    holding = set()
    async with connected(database.administrator()) as connection:
        schemas = [service.name for service in SERVICES]
        for table in await connection.fetch(TABLES, schemas):
            rows = await connection.fetch(f"SELECT t::text AS row FROM {table['name']} t")  # noqa: S608
            if any(found_in(row["row"]) for row in rows):
                holding.add(table["name"])
    return holding
