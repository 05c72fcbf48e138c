"""Who works or helps is registered, exported and erased by one organisation alone."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import asyncpg
import httpx2
import pytest

from deploy.database import AUDITOR, Database, connected
from services.volunteers.app import KEEPING, Settings
from shared.access import register
from shared.clock import now
from shared.contracts.volunteers import OWNER
from shared.envelope import Envelope
from shared.http.app import create_app
from shared.ids import new_id, new_opaque_id
from shared.people.keeping import People, keeping
from shared.people.routes import create_people_router
from shared.service import plumbing
from tests.support.partners import Partner, introduction
from tests.support.stack import MakeDatabase

HANAKO: Final = {
    "name": "山田花子",
    "kana": "やまだ はなこ",
    "born_on": "1990-04-01",
    "address": "1-2-3 Chuo, Yokohama",
    "email": "hanako@example.org",
    "phone": "+81 3 0000 0000",
    "note": None,
    "retained_until": "2999-03-31",
}


@dataclass
class Office:
    database: Database
    people: People
    client: httpx2.AsyncClient
    partner: Partner
    stranger: Partner

    async def register(
        self, body: dict[str, Any] = HANAKO, again: str | None = None
    ) -> httpx2.Response:
        headers = {**self.partner.headers, "Idempotency-Key": again or new_opaque_id()}
        return await self.client.post("/v1/people", json=body, headers=headers)

    async def ask(self, who: Partner, person_id: str, method: str = "GET") -> httpx2.Response:
        return await self.client.request(method, f"/v1/people/{person_id}", headers=who.headers)

    async def rows(self, role: str, query: str) -> list[asyncpg.Record]:
        async with connected(self.database.url(role)) as connection:
            return list(await connection.fetch(query))


@pytest.fixture
async def office(database: MakeDatabase) -> AsyncIterator[Office]:
    made = await database(OWNER)
    settings = Settings(
        database_url=made.url(OWNER),
        reader_url=made.url(f"{OWNER}_reader"),
        people_url=made.url(f"{OWNER}_people"),
        kafka_bootstrap="none:1",
        port=1,
        simulated=True,
    )
    partner, stranger = Partner("volunteers"), Partner("volunteers")
    told = Envelope(new_id(), "", "", "", 1, now(), "", None)
    async with AsyncExitStack() as opened:
        built = await opened.enter_async_context(plumbing(OWNER, settings, keeping=KEEPING))
        people = await opened.enter_async_context(keeping(settings.people_url, built.today))
        async with built.transactions.pool.acquire() as connection:
            for event in (*introduction(partner, "h"), *introduction(stranger, "h")):
                await register.project(connection, event, told)
        app = create_app(OWNER, built.register, [create_people_router(people)])
        client = await opened.enter_async_context(
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://here")
        )
        yield Office(made, people, client, partner, stranger)


async def test_a_person_is_exported_with_who_has_looked(office: Office) -> None:
    registered = await office.register()
    assert registered.status_code == httpx2.codes.CREATED
    assert list(registered.json()) == ["person_id"]
    person_id = registered.json()["person_id"]
    await office.ask(office.partner, person_id)
    exported = (await office.ask(office.partner, person_id)).json()
    assert {name: exported[name] for name in HANAKO} == HANAKO
    assert [one["action"] for one in exported["accesses"]] == ["registered", "read", "read"]
    assert {one["organisation_id"] for one in exported["accesses"]} == {
        office.partner.organisation_id
    }


async def test_a_repeat_registers_nobody_twice_and_another_body_is_refused(
    office: Office,
) -> None:
    first, repeat = await office.register(again="once"), await office.register(again="once")
    assert first.json() == repeat.json()
    other = await office.register({**HANAKO, "name": "Somebody else"}, again="once")
    assert other.json()["type"] == "urn:yui:problem:key-reused"
    assert await office.rows(f"{OWNER}_people", "SELECT FROM person") == []


async def test_whoever_did_not_register_a_person_finds_what_never_existed(
    office: Office,
) -> None:
    person_id = (await office.register()).json()["person_id"]
    for method in ("GET", "DELETE"):
        foreign = await office.ask(office.stranger, person_id, method)
        never = await office.ask(office.stranger, new_opaque_id(), method)
        assert foreign.status_code == httpx2.codes.NOT_FOUND
        assert foreign.content == never.content
    assert (await office.ask(office.partner, person_id)).is_success


async def test_a_person_is_erased_and_what_was_done_stays(office: Office) -> None:
    person_id = (await office.register(again="once")).json()["person_id"]
    for _ in ("once", "and again, as if nothing had been heard"):
        assert (await office.ask(office.partner, person_id, "DELETE")).status_code == 204
    gone = await office.ask(office.partner, person_id)
    assert gone.status_code == httpx2.codes.NOT_FOUND
    assert gone.content == (await office.ask(office.partner, new_opaque_id())).content
    done = "SELECT action FROM volunteers.person_access ORDER BY access_id"
    assert [row["action"] for row in await office.rows(AUDITOR, done)] == ["registered", "erased"]
    again = await office.register(again="once")
    assert again.json()["person_id"] != person_id, "nothing remembers what was sent"


async def test_whose_retention_has_ended_is_erased_and_nobody_else(office: Office) -> None:
    due = await office.register({**HANAKO, "retained_until": "2998-03-31"})
    kept = await office.register()
    assert await office.people.erase_due(date(2998, 3, 31)) == 0
    assert await office.people.erase_due(date(2998, 4, 1)) == 1
    assert (await office.ask(office.partner, due.json()["person_id"])).status_code == 404
    assert (await office.ask(office.partner, kept.json()["person_id"])).is_success
    done = "SELECT action FROM volunteers.person_access ORDER BY access_id"
    actions = [row["action"] for row in await office.rows(AUDITOR, done)]
    assert actions == ["registered", "registered", "retention_ended", "read"]


async def test_what_is_to_be_kept_until_a_day_that_has_passed_is_not_kept(
    office: Office,
) -> None:
    past = await office.register({**HANAKO, "retained_until": "2011-03-31"})
    assert past.json()["type"] == "urn:yui:problem:retention-ended"


async def test_nobody_but_the_role_of_its_own_reads_of_a_person(office: Office) -> None:
    assert (await office.register()).is_success
    assert await office.rows(AUDITOR, "SELECT FROM volunteers.person") == []
    for role in (OWNER, f"{OWNER}_reader"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await office.rows(role, "SELECT FROM volunteers.person")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await office.rows(f"{OWNER}_people", "SELECT FROM volunteers.event")
