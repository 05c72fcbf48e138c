"""The second wall: what the policy lets through by mistake, PostgreSQL still holds back.

Whoever asks is lent a connection of a role that sees only rows of its own organisation, and of
homes that this is party to: the policies stand in the migrations (`CALL wall`).
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from asyncpg import Record

from shared.access.policy import Principal
from shared.postgres import Connection, Pool

Access: TypeAlias = Literal["READ ONLY", "READ WRITE"]

BEGIN: Final = """
BEGIN {access};
SELECT set_config('yui.organisation_id', convert_from(decode('{who}', 'hex'), 'UTF8'), true),
       set_config('yui.home_id', convert_from(decode('{home}', 'hex'), 'UTF8'), true),
       set_config('yui.reads_all', '{reads_all}', true)
"""
"""One round trip, which takes no parameters: an id travels as digits that can be nothing else."""


@asynccontextmanager
async def behind(pool: Pool, principal: Principal, access: Access) -> AsyncIterator[Connection]:
    """Lend a connection, for one transaction, that sees what this principal may see."""
    async with pool.acquire() as connection:
        ending = "ROLLBACK"
        try:
            await connection.execute(_begin(principal, access))
            yield connection
            ending = "COMMIT"
        finally:
            await connection.execute(ending)


@dataclass(frozen=True, slots=True)
class Wall:
    """What whoever reads is to read behind."""

    pool: Pool
    """Of the reading role: row-level security applies to it, and it may write nothing."""

    @asynccontextmanager
    async def reading(self, principal: Principal) -> AsyncIterator[Connection]:
        async with behind(self.pool, principal, "READ ONLY") as connection:
            yield connection

    async def fetch(
        self, principal: Principal, query: str, *arguments: object
    ) -> Sequence[Record]:
        async with self.reading(principal) as connection:
            return await connection.fetch(query, *arguments)

    async def fetchrow(
        self, principal: Principal, query: str, *arguments: object
    ) -> Record | None:
        async with self.reading(principal) as connection:
            return await connection.fetchrow(query, *arguments)

    async def fetchval(self, principal: Principal, query: str, *arguments: object) -> object:
        async with self.reading(principal) as connection:
            return await connection.fetchval(query, *arguments)


def _begin(principal: Principal, access: Access) -> str:
    return BEGIN.format(
        access=access,
        who=principal.organisation_id.encode().hex(),
        home=(principal.home_id or "").encode().hex(),
        reads_all="on" if principal.reads_everything else "off",
    )
