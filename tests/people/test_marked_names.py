"""A name that is sent wherever text is taken comes out nowhere but where it may be erased."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from deploy.database import Database, connected
from deploy.services import SERVICES
from shared.ids import new_opaque_id
from shared.kafka import reading
from tests.access.endpoints import Endpoint
from tests.access.world import World, world
from tests.people.pushing import HEADERS, Sent, found_in, requests
from tests.support.stack import Stack

WHO: Final = ("administrator", "operator")
"""Between them they may do whatever can be done."""
TOLD_TO_WHOM_IT_IS: Final = frozenset(
    {"GET /v1/organisations", "GET /v1/organisations/{organisation_id}"}
)
"""What an organisation is called is told to itself, and to whoever runs Yui."""
ERASABLE: Final = frozenset(
    {"organisations.name", "volunteers.person", "nonprofit_staffing.person"}
)
OF_OPERATORS: Final = frozenset(f"{service.name}.parked_action" for service in SERVICES)
"""Why whoever runs Yui gave a record up, in words of their own: they are told to name nobody."""
TABLES: Final = """
SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
WHERE table_schema = ANY($1) AND table_type = 'BASE TABLE'
"""


@pytest.fixture
async def peopled(stack: Stack, tmp_path: Path) -> AsyncIterator[World]:
    async with world(stack, tmp_path) as made:
        yield made


async def pushed(world: World, endpoint: Endpoint) -> list[httpx2.Response]:
    things = world.meant(endpoint, "own")
    return [
        await _send(world, endpoint, who, sent)
        for who in WHO
        for sent in requests(endpoint, things)
    ]


async def _send(world: World, endpoint: Endpoint, who: str, sent: Sent) -> httpx2.Response:
    headers = {
        "Authorization": f"Bearer {world.keys[who]}",
        "Idempotency-Key": new_opaque_id(),
        **HEADERS,
        **sent.headers,
    }
    url = world.urls[endpoint.service] + sent.path
    encoded = {name.encode(): value.encode() for name, value in headers.items()}
    async with world.client.stream(endpoint.method, url, headers=encoded, **sent.more) as response:
        if "event-stream" not in response.headers.get("content-type", ""):
            await response.aread()
        return response


async def test_a_marked_name_comes_out_nowhere(stack: Stack, peopled: World) -> None:
    answers = [
        (str(endpoint), answer)
        for endpoint in sorted(peopled.found, key=ends_something)
        for answer in await pushed(peopled, endpoint)
    ]
    assert [of for of, answer in answers if answer.is_server_error] == []
    told = {(of, answer.status_code) for of, answer in answers if tells(of, answer)}
    assert told == set(), "no answer tells a name, be it refused or done"
    for url in peopled.urls.values():
        assert not found_in((await peopled.client.get(f"{url}/metrics")).text)
    assert [path.name for path in stack.state.logs.glob("*.log") if is_named_in(path)] == []
    assert [one.topic for one in SERVICES if await is_named_on(stack, one.topic)] == []
    holding = await tables_with_the_name(peopled.database)
    assert holding >= ERASABLE, "it was sent, and taken"
    assert holding - OF_OPERATORS == ERASABLE, "and is where it may be erased"


def ends_something(endpoint: Endpoint) -> bool:
    """Whether it comes last: what is closed refuses most of what could be asked of it."""
    return endpoint.path.endswith(("/closing", "/withdrawal"))


def tells(endpoint: str, answer: httpx2.Response) -> bool:
    """Its `Link` repeats the address that was asked, whatever stands in it."""
    is_its_own = answer.is_success and endpoint in TOLD_TO_WHOM_IT_IS
    text = answer.text if answer.is_closed and answer.is_stream_consumed else ""
    headers = {name: value for name, value in answer.headers.items() if name != "link"}
    return not is_its_own and bool(found_in(f"{text} {headers}"))


def is_named_in(log: Path) -> bool:
    """A service's, or a server's: a database's may quote what it could not store."""
    return bool(found_in(log.read_text(errors="replace")))


async def is_named_on(stack: Stack, topic: str) -> bool:
    async with reading(stack.kafka_bootstrap, topic) as log:
        async for records in log.since({}):
            for record in records:
                told = [
                    record.key or b"",
                    record.value or b"",
                    *(v or b"" for _, v in record.headers),
                ]
                if found_in(b" ".join(told).decode(errors="replace")):
                    return True
    return False


async def tables_with_the_name(database: Database) -> set[str]:
    holding = set()
    async with connected(database.administrator()) as connection:
        schemas = [service.name for service in SERVICES]
        for table in await connection.fetch(TABLES, schemas):
            rows = await connection.fetch(f"SELECT t::text AS row FROM {table['name']} t")  # noqa: S608
            if any(found_in(row["row"]) for row in rows):
                holding.add(table["name"])
    return holding
