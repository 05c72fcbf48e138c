"""Bodies, heads and connections that are meant to break a service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx2
import pytest

from shared.http.bodies import DEPTH_MAX, ITEMS_MAX
from shared.http.connections import HEAD_S_MAX
from shared.http.entrance import BODY_BYTES_MAX, BODY_S_MAX
from shared.ids import new_opaque_id
from tests.support.asking import Caller
from tests.support.stack import ServiceProcess, Stack

PATH = "/v1/organisations"
CONNECTIONS = 2_000
NAMED = b'{"sectors": ["company"], "name": '


@pytest.fixture(scope="module")
async def service(stack: Stack) -> AsyncIterator[ServiceProcess]:
    database = await stack.database("organisations")
    yield (started := await stack.start("organisations", database))
    started.kill()
    await stack.drop(database)


@pytest.fixture
def operator(service: ServiceProcess, stack: Stack) -> Caller:
    return Caller(service.url, stack.operator_key)


@pytest.fixture
async def client(service: ServiceProcess, stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {
        "Authorization": f"Bearer {stack.operator_key}",
        "Idempotency-Key": new_opaque_id(),
        "Content-Type": "application/json",
        "Accept-Language": "en",
    }
    async with httpx2.AsyncClient(base_url=service.url, headers=headers, timeout=60) as made:
        yield made


def told(response: httpx2.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json", response.text
    return response.status_code, response.json()["type"].removeprefix("urn:yui:problem:")


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"{", "body-unreadable"),
        (NAMED + b"NaN}", "body-unreadable"),
        (NAMED + b"Infinity}", "body-unreadable"),
        (NAMED + b'"\xff\xfe"}', "body-unreadable"),
        (NAMED + b'"a", "name": "b"}', "name-twice"),
        (NAMED + b'"\\ud800"}', "text-unsound"),
        (NAMED + b'"a\\u0000b"}', "text-unsound"),
        (NAMED + b"99999999999999999999}", "number-too-large"),
        (NAMED + b"9" * 5_000 + b"}", "number-too-large"),
        (NAMED + b"1e999}", "number-too-large"),
        (b"[" * 100_000, "too-deep"),
        (b"[" * (DEPTH_MAX + 2) + b"]" * (DEPTH_MAX + 2), "too-deep"),
        (NAMED + b"[" + b"1," * ITEMS_MAX + b"1]}", "array-too-long"),
        (b"[]", "invalid-request"),
        (b"null", "invalid-request"),
        (NAMED + b'""}', "invalid-request"),
        (NAMED + b'"a", "sectors": 3}', "name-twice"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:60]),
)
async def test_a_body_that_readers_would_disagree_on_is_refused_by_name(
    client: httpx2.AsyncClient, body: bytes, rule: str
) -> None:
    status, found = told(await client.post(PATH, content=body))
    assert found == rule
    assert 400 <= status < 500


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/json; charset=shift_jis", ""]
)
async def test_a_body_of_another_kind_is_refused(client: httpx2.AsyncClient, kind: str) -> None:
    response = await client.post(PATH, content=b"{}", headers={"Content-Type": kind})
    assert told(response) == (415, "media-type-unknown")


async def test_a_hundred_megabytes_are_refused_before_they_are_read(
    service: ServiceProcess,
) -> None:
    port = int(service.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"POST /v1/organisations HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n"
    )
    async with asyncio.timeout(10):
        assert b"413" in await reader.readline()
    writer.close()
    assert BODY_BYTES_MAX < 104857600


async def test_whoever_sends_nothing_or_drop_by_drop_is_not_waited_for(
    service: ServiceProcess,
) -> None:
    port = int(service.url.rpartition(":")[2])

    async def ended(head: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        async with asyncio.timeout(max(HEAD_S_MAX, BODY_S_MAX) + 15):
            line = await reader.readline()
        writer.close()
        return line

    body = b"POST /v1/organisations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    silent, slow_head, slow_body = await asyncio.gather(
        ended(b""),
        ended(b"GET /livez HTTP/1.1\r\nHo"),
        ended(body + b"Content-Length: 9\r\n\r\n{"),
    )
    assert (silent, slow_head) == (b"", b"")
    assert b"408" in slow_body


async def test_two_thousand_connections_leave_the_service_answering(
    service: ServiceProcess, client: httpx2.AsyncClient
) -> None:
    port = int(service.url.rpartition(":")[2])
    async with AsyncExitStack() as held:
        for _ in range(CONNECTIONS // 100):
            opened = await asyncio.gather(
                *(asyncio.open_connection("127.0.0.1", port) for _ in range(100))
            )
            for _, writer in opened:
                held.callback(writer.close)
        async with asyncio.timeout(20):
            assert (await client.get("/livez")).is_success
            assert (await client.get(PATH)).is_success
            assert (await client.get("/readyz")).is_success


@pytest.mark.parametrize("injected", ["a\r\nX-Evil: 1", "a b", "ä", "a" * 1_000])
async def test_no_header_of_a_request_comes_back_as_another(
    service: ServiceProcess, injected: str
) -> None:
    port = int(service.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-Id: {injected}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode("latin-1"))
    answer = await reader.read()
    writer.close()
    assert b"X-Evil" not in answer
    assert injected.encode("latin-1") not in answer


async def test_fifty_at_once_under_one_idempotency_key_have_one_effect(operator: Caller) -> None:
    body = {"name": "Once", "sectors": ["company"]}
    key = new_opaque_id()
    answers = await asyncio.gather(*(operator.post(PATH, body, again=key) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert all(answer.json() == answers[0].json() for answer in answers)
    other = await operator.post(PATH, {**body, "name": "Twice"}, again=key)
    assert told(other) == (422, "key-reused")


async def test_who_asks_too_often_is_told_when_to_come_again(stack: Stack) -> None:
    database = await stack.database("organisations")
    limit = {"YUI_ORGANISATIONS_REQUESTS_PER_SECOND": "5"}
    limited = await stack.start("organisations", database, **limit)
    caller = Caller(limited.url, stack.operator_key)
    answers = await asyncio.gather(*(caller.get(PATH) for _ in range(60)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert len(refused) < len(answers)
    assert told(refused[0]) == (429, "too-many-requests")
    assert refused[0].headers["Retry-After"] == "1"
    limited.kill()
    await stack.drop(database)
