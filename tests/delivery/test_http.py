"""HTTP as every service speaks it: who may ask, what is refused and why, and nothing leaks."""

import base64
import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import asyncpg
import httpx2
import pytest
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field
from structlog.testing import capture_logs

from shared.access import register
from shared.access.keys import ApiKey, new_key
from shared.access.register import Register
from shared.contracts.organisations import KeyIssued, OrganisationRegistered, PartyJoined
from shared.handling import Answer, Transactions, handle
from shared.http.app import answered, create_app
from shared.http.callers import Reader, Writer
from shared.http.entrance import BODY_BYTES_MAX
from shared.http.operators import create_parking_router
from shared.http.pages import Cursor, Limit, decode_cursor, next_cursor, page
from shared.http.refusals import BrokenCursor
from shared.ids import new_opaque_id
from shared.postgres import Pool
from shared.refusal import Refusal
from shared.wall import Wall
from shared.work import Work
from tests.delivery.conftest import SERVICE, Listening
from tests.delivery.streams import COUNTER, Add, Told

ORGANISATION = "crop-minori"
HOME = "home-1"
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx")


class AlreadyTaken(Refusal):
    """A thing can be taken once."""

    japanese = "一つのものは一度だけ取れます。"


class Thing(BaseModel):
    quantity: Annotated[int, Field(gt=0)]


def create_things(pool: Pool) -> APIRouter:
    router = APIRouter(prefix="/v1")
    transactions = Transactions(pool, SERVICE)

    @router.post("/things", status_code=201)
    async def add(body: Thing, caller: Writer) -> Response:
        async def act(work: Work) -> Answer:
            await work.decide(COUNTER, "a", Add("a"))
            return Answer(201, {"quantity": body.quantity})

        return answered(await handle(transactions, caller.request, act))

    @router.get("/things")
    async def things(
        request: Request, _: Reader, limit: Limit = 2, cursor: Cursor = None
    ) -> Response:
        (after,) = decode_cursor(cursor, [0])
        items = [{"number": n, "said": said} for n, said in enumerate(FORMULAS, start=1)]
        found = [item for item in items if item["number"] > after][:limit]
        return page(request, found, next_cursor(found, limit, "number"))

    @router.get("/homes/{home_id}")
    async def home(home_id: Annotated[str, Path()], caller: Reader) -> dict[str, str]:
        await caller.must("read_home", home_id=home_id)
        return {"home_id": home_id}

    @router.get("/taken")
    async def taken() -> None:
        raise AlreadyTaken("thing-7")

    @router.get("/broken")
    async def broken() -> None:
        raise RuntimeError("a secret")

    @router.get("/away")
    async def away() -> None:
        raise asyncpg.TooManyConnectionsError("a secret")

    @router.get("/unsendable")
    async def unsendable() -> None:
        await pool.fetchval("SELECT $1::bigint", 10**30)

    return router


class Asking:
    def __init__(self, client: httpx2.AsyncClient, key: ApiKey, operator_key: ApiKey) -> None:
        self.client, self.key, self.operator_key = client, key, operator_key

    async def __call__(
        self,
        method: str,
        path: str,
        *,
        key: object = None,
        **more: Any,  # noqa: ANN401  as httpx2's
    ) -> httpx2.Response:
        given = more.pop("headers", {})
        headers = {"Authorization": f"Bearer {key or self.key}", **given}
        return await self.client.request(method, path, headers=headers, **more)

    async def add(self, quantity: object = 1, *, key: str | None = None) -> httpx2.Response:
        headers = {"Idempotency-Key": key or new_opaque_id()}
        return await self("POST", "/v1/things", json={"quantity": quantity}, headers=headers)


async def registered(pool: Pool, organisation_id: str, *, operates_yui: bool) -> ApiKey:
    key = new_key()
    events = (
        OrganisationRegistered(
            organisation_id=organisation_id, sectors=("company",), operates_yui=operates_yui
        ),
        KeyIssued(
            organisation_id=organisation_id, key_id=key.key_id, secret_sha256=key.secret_sha256
        ),
        PartyJoined(home_id=HOME, organisation_id=ORGANISATION, sector="company"),
    )
    async with pool.acquire() as connection:
        for event in events:
            await register.project(connection, event, Told("a", 1).envelope)
    return key


@pytest.fixture
async def ask(listening: Listening) -> AsyncIterator[Asking]:
    pool = listening.pool
    key = await registered(pool, ORGANISATION, operates_yui=False)
    operator_key = await registered(pool, "an-operator", operates_yui=True)
    routers = [create_things(pool), create_parking_router(listening.parking, Wall(pool))]
    app = create_app(SERVICE, Register(pool), routers)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://here") as client:
        yield Asking(client, key, operator_key)


def problem(response: httpx2.Response) -> tuple[int, str]:
    """Check that it is a problem with an id to ask about, and return its status and rule."""
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["X-Request-Id"]
    body = response.json()
    assert body["status"] == response.status_code
    assert body["title"]
    return response.status_code, body["type"].removeprefix("urn:yui:problem:")


async def test_an_unknown_route_and_a_wrong_method_are_problems(ask: Asking) -> None:
    assert problem(await ask("GET", "/v1/nothing")) == (404, "not-found")
    assert problem(await ask("DELETE", "/v1/things")) == (405, "method-not-allowed")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer nonsense",
        "Basic Zm9vOmJhcg==",
        pytest.param(f"Bearer {new_key()}", id="a key of nobody"),
    ],
)
async def test_without_a_key_that_opens_there_is_no_answer(
    ask: Asking, authorization: str
) -> None:
    response = await ask("GET", "/v1/things", headers={"Authorization": authorization})
    assert problem(response) == (401, "api-key-needed")
    assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_an_id_with_another_secret_opens_nothing(ask: Asking) -> None:
    forged = ApiKey(ask.key.key_id, new_key().secret)
    assert problem(await ask("GET", "/v1/things", key=forged))[0] == 401


async def test_a_field_that_is_wrong_is_named_with_its_rule(ask: Asking) -> None:
    response = await ask.add(0)
    assert problem(response) == (422, "invalid-request")
    assert response.json()["errors"] == [
        {"field": "body.quantity", "rule": "0より大きくなければなりません"}
    ]


async def test_a_refusal_names_and_states_its_rule(ask: Asking) -> None:
    response = await ask("GET", "/v1/taken", headers={"Accept-Language": "en"})
    assert problem(response) == (409, "already-taken")
    body = response.json()
    assert (body["title"], body["detail"]) == ("A thing can be taken once.", "thing-7")


@pytest.mark.parametrize(
    ("asked", "told", "language"),
    [
        ({}, "一つのものは一度だけ取れます。", "ja"),
        ({"Accept-Language": "fr"}, "一つのものは一度だけ取れます。", "ja"),
        ({"Accept-Language": "en-GB, ja;q=0.5"}, "A thing can be taken once.", "en"),
    ],
)
async def test_a_rule_is_told_in_the_language_that_is_asked_for_or_in_japanese(
    ask: Asking, asked: dict[str, str], told: str, language: str
) -> None:
    response = await ask("GET", "/v1/taken", headers=asked)
    assert response.json()["title"] == told
    assert response.headers["Content-Language"] == language


async def test_a_home_of_others_looks_like_no_home_at_all(ask: Asking) -> None:
    assert (await ask("GET", f"/v1/homes/{HOME}")).status_code == 200
    others = await ask("GET", "/v1/homes/home-of-others")
    assert problem(others) == (404, "not-found")


async def test_what_only_operators_may_do_is_refused_to_others(ask: Asking) -> None:
    assert problem(await ask("GET", "/v1/parked")) == (403, "not-allowed")
    assert (await ask("GET", "/v1/parked", key=ask.operator_key)).status_code == 200


async def test_a_fault_of_ours_leaks_nothing_and_can_be_found(ask: Asking) -> None:
    with capture_logs() as logs:
        response = await ask("GET", "/v1/broken", headers={"X-Request-Id": "find-me"})
    assert problem(response) == (500, "unexpected")
    assert response.headers["X-Request-Id"] == "find-me"
    assert "secret" not in response.text
    (line,) = [line for line in logs if line["event"] == "request_failed"]
    assert line["fault"] == "RuntimeError"
    assert "a secret" not in json.dumps([word for word in line["where"] if "raise" not in word])


async def test_a_database_that_is_away_says_when_to_come_again(ask: Asking) -> None:
    response = await ask("GET", "/v1/away")
    assert problem(response) == (503, "database-away")
    assert response.headers["Retry-After"] == "1"
    assert "secret" not in response.text


async def test_a_value_that_cannot_be_sent_is_not_told_as_a_database_away(ask: Asking) -> None:
    assert problem(await ask("GET", "/v1/unsendable")) == (500, "unexpected")


async def test_whoever_changes_something_names_an_idempotency_key(ask: Asking) -> None:
    response = await ask("POST", "/v1/things", json={"quantity": 1})
    assert problem(response) == (422, "invalid-request")
    assert "idempotency-key" in response.text.lower()


async def test_the_same_key_gives_the_same_answer_and_refuses_another_body(ask: Asking) -> None:
    first, again = [await ask.add(1, key="once") for _ in range(2)]
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.status_code == 201
    assert problem(await ask.add(2, key="once")) == (422, "key-reused")


@pytest.mark.parametrize(
    ("given", "is_kept"), [("abc-1", True), ("no spaces", False), ("", False)]
)
async def test_a_request_keeps_a_sound_id_of_its_own(
    ask: Asking, given: str, *, is_kept: bool
) -> None:
    response = await ask("GET", "/v1/things", headers={"X-Request-Id": given})
    assert (response.headers["X-Request-Id"] == given) is is_kept
    assert response.headers["X-Request-Id"]


async def test_a_list_goes_on_page_by_page_until_its_end(ask: Asking) -> None:
    numbers: list[int] = []
    url = "/v1/things"
    for _ in FORMULAS:
        response = await ask("GET", url)
        numbers += [item["number"] for item in response.json()["items"]]
        if response.json()["next_cursor"] is None:
            break
        url = response.links["next"]["url"]
    assert numbers == [1, 2, 3, 4, 5, 6]


def cursor(*place: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


BROKEN = ("x", "%%%", cursor("1"), cursor(), cursor(1, 2), cursor(10**30), cursor(True), "W10=")  # noqa: FBT003  a JSON value


@pytest.mark.parametrize("broken", BROKEN)
async def test_a_forged_cursor_is_refused(ask: Asking, broken: str) -> None:
    response = await ask("GET", "/v1/things", params={"cursor": broken})
    assert problem(response) == (422, "broken-cursor")


@pytest.mark.parametrize("forged", ["\x00", "\ud800"])
def test_a_cursor_that_the_database_could_not_read_is_refused(forged: str) -> None:
    with pytest.raises(BrokenCursor):
        decode_cursor(cursor(forged), [""])


async def test_csv_holds_no_formulas(ask: Asking) -> None:
    response = await ask("GET", "/v1/things?limit=50", headers={"Accept": "text/csv"})
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert [row["said"] for row in rows] == [f"'{formula}" for formula in FORMULAS]


async def test_csv_begins_with_a_byte_order_mark_where_a_spreadsheet_wants_one(
    ask: Asking,
) -> None:
    wanting = {"Accept": "text/csv"}
    plain = await ask("GET", "/v1/things", headers=wanting)
    marked = await ask("GET", "/v1/things?bom=true", headers=wanting)
    assert marked.content == b"\xef\xbb\xbf" + plain.content


async def test_a_body_without_end_is_refused_before_it_is_read(ask: Asking) -> None:
    headers = {"Idempotency-Key": "once"}
    long = await ask("POST", "/v1/things", content=b" " * (BODY_BYTES_MAX + 1), headers=headers)
    assert problem(long) == (413, "too-large")

    async def endless() -> AsyncIterator[bytes]:
        yield b"{}"

    unsaid = await ask("POST", "/v1/things", content=endless(), headers=headers)
    assert problem(unsaid) == (411, "length-required")


async def test_operators_see_parked_records_and_retry_or_discard_them_with_a_reason(
    ask: Asking, listening: Listening
) -> None:
    await listening.batches.transact([Told("a", 1, body=b"poison").at(0), Told("a", 2).at(1)])
    key = ask.operator_key
    head, behind = (await ask("GET", "/v1/parked", key=key)).json()["items"]
    path = f"/v1/parked/{head['parked_id']}"
    assert (await ask("GET", path, key=key)).json()["reason"] == "cannot_apply"
    assert problem(await ask("POST", f"{path}/retry", key=key, json={}))[0] == 422
    null = {"reason": "\x00\x00\x00"}
    assert problem(await ask("POST", f"{path}/retry", key=key, json=null))[0] == 422
    why = {"reason": "by a test"}
    assert problem(await ask("POST", f"{path}/retry", key=key, json=why)) == (409, "still-fails")
    other = f"/v1/parked/{behind['parked_id']}/discard"
    assert problem(await ask("POST", other, key=key, json=why)) == (409, "not-the-head")
    done = await ask("POST", f"{path}/discard", key=key, json=why)
    assert done.json() == {"applied": 1, "parked": 0}
    actions = (await ask("GET", "/v1/parked/actions", key=key)).json()["items"]
    assert [action["action"] for action in actions] == ["discarded", "failed_again"]
    assert problem(await ask("GET", path, key=key)) == (404, "not-found")
    assert problem(await ask("GET", f"/v1/parked/{10**30}", key=key))[0] == 422
