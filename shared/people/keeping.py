"""Registers, shows and erases people, each of these for the organisation that registered them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

import structlog
from asyncpg import Record
from pydantic import StringConstraints

from shared.access.policy import Principal
from shared.handling import KeyReused, Request
from shared.http.bodies import Body
from shared.ids import new_opaque_id
from shared.postgres import Connection, Pool, connect_pool
from shared.refusal import Invalid, NotFound
from shared.wall import behind

LOOK_EVERY_S: Final = 30.0

REGISTER: Final = """
-- Somebody is registered; no row: the request was made before.
INSERT INTO person (person_id, organisation_id, idempotency_key, fingerprint, name, kana, born_on,
                    address, email, phone, note, retained_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (organisation_id, idempotency_key) DO NOTHING
RETURNING person_id
"""

REGISTERED: Final = """
-- Whom a request has registered.
SELECT person_id, fingerprint FROM person WHERE organisation_id = $1 AND idempotency_key = $2
"""

EXPORT: Final = """
-- All that is kept of one person.
SELECT person_id, name, kana, born_on, address, email, phone, note, retained_until, registered_at
FROM person WHERE person_id = $1
"""

ACCESSES: Final = """
-- Who has done what with what is kept of a person.
SELECT action, organisation_id, correlation, done_at FROM person_access
WHERE person_id = $1 ORDER BY access_id
"""

ERASE: Final = "DELETE FROM person WHERE person_id = $1 RETURNING person_id, organisation_id"

WAS_ERASED: Final = """
-- Whether somebody was registered and is gone.
SELECT FROM person_access WHERE person_id = $1 AND action IN ('erased', 'retention_ended')
"""

ERASE_DUE: Final = """
-- Erases whom there is no reason any more to keep anything of.
DELETE FROM person WHERE retained_until < current_setting('yui.due_before', true)::date
RETURNING person_id, organisation_id
"""

NOTE_ACCESS: Final = """
-- Keeps who has done what with somebody's data; never the data.
INSERT INTO person_access (person_id, organisation_id, action, correlation)
VALUES ($1, $2, $3, $4)
"""

DUE_BEFORE: Final = """
-- Says before which day retention has ended, for this transaction.
SELECT set_config('yui.due_before', $1::date::text, true)
"""

log = structlog.get_logger("people")


class PersonUnknown(NotFound):
    """There is nothing under this id that you may see."""

    japanese = "このIDで見られるものはありません。"


class RetentionEnded(Invalid):
    """What is kept is kept until a day that is still to come."""

    japanese = "保存の期限は、これから来る日でなければなりません。"


def _text(length: int) -> Any:  # noqa: ANN401  a type's annotation
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=length)


class PersonBody(Body):
    """Somebody who works or helps; nothing of it leaves this service but by an export."""

    name: Annotated[str, _text(200)]
    kana: Annotated[str, _text(200)] | None = None
    born_on: date | None = None
    address: Annotated[str, _text(500)] | None = None
    email: Annotated[str, _text(254)] | None = None
    phone: Annotated[str, _text(50)] | None = None
    note: Annotated[str, _text(2_000)] | None = None
    retained_until: date
    """The last day on which there is a reason to keep this; then it is erased."""


@dataclass(frozen=True, slots=True)
class People:
    """Works as a role of its own, which nothing else in this service has the password of."""

    pool: Pool
    today: Callable[[], Awaitable[date]]

    async def register(self, principal: Principal, request: Request, body: PersonBody) -> str:
        """Return the random id that facts may name; once for each idempotency key."""
        if body.retained_until <= await self.today():
            raise RetentionEnded
        whose = principal.organisation_id, request.idempotency_key
        async with behind(self.pool, principal, "READ WRITE") as connection:
            kept = body.model_dump().values()
            person_id: str | None = await connection.fetchval(
                REGISTER, new_opaque_id(), *whose, request.fingerprint, *kept
            )
            if person_id is None:
                return await _registered_before(connection, *whose, request.fingerprint)
            await _note(connection, person_id, whose[0], "registered", request.cause.correlation)
        return person_id

    async def export(
        self, principal: Principal, person_id: str, correlation: str
    ) -> dict[str, Any]:
        """All that is kept of somebody, and who has looked: this once, too."""
        async with behind(self.pool, principal, "READ WRITE") as connection:
            row = await connection.fetchrow(EXPORT, person_id)
            if row is None:
                raise PersonUnknown
            await _note(connection, person_id, principal.organisation_id, "read", correlation)
            accesses = await connection.fetch(ACCESSES, person_id)
        return {**_plain(row), "accesses": [_plain(access) for access in accesses]}

    async def erase(self, principal: Principal, person_id: str, correlation: str) -> None:
        """Let the person go; facts that name the id stay, and say of nobody any more.

        Whoever did not hear the answer asks again: who is gone, is gone.
        """
        async with behind(self.pool, principal, "READ WRITE") as connection:
            if await connection.fetchrow(ERASE, person_id) is not None:
                who = principal.organisation_id
                await _note(connection, person_id, who, "erased", correlation)
            elif await connection.fetchrow(WAS_ERASED, person_id) is None:
                raise PersonUnknown

    async def erase_due(self, today: date) -> int:
        """Erase everybody whose retention ended before this day."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(DUE_BEFORE, today)
            erased = await connection.fetch(ERASE_DUE)
            for row in erased:
                whose = row["person_id"], row["organisation_id"]
                await _note(connection, *whose, "retention_ended", f"day-{today.isoformat()}")
        return len(erased)

    async def erase_for_ever(self) -> None:
        """Look again and again for whom there is no reason any more to keep anything of."""
        while True:
            try:
                if erased := await self.erase_due(await self.today()):
                    log.info("retention_ended", people=erased)
            except Exception as fault:  # noqa: BLE001  whoever is due stays due
                log.warning("erasing_failed", fault=type(fault).__name__)
            await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def keeping(url: str, today: Callable[[], Awaitable[date]]) -> AsyncIterator[People]:
    pool = await connect_pool(url, size_max=4)
    try:
        yield People(pool, today)
    finally:
        await asyncio.wait_for(pool.close(), 5)


async def _registered_before(
    connection: Connection, organisation_id: str, idempotency_key: str, fingerprint: bytes
) -> str:
    row = await connection.fetchrow(REGISTERED, organisation_id, idempotency_key)
    if row is None or row["fingerprint"] != fingerprint:
        raise KeyReused(idempotency_key)
    return str(row["person_id"])


async def _note(
    connection: Connection, person_id: str, organisation_id: str, action: str, correlation: str
) -> None:
    await connection.execute(NOTE_ACCESS, person_id, organisation_id, action, correlation)


def _plain(row: Record) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in row.items()
    }
