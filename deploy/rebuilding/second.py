"""The schema of the second ledger: made like the first's, silent, and dropped in the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import asyncpg

from deploy.database import OWNER, SHADOW, Database, connected
from deploy.migrations import migrate_like
from deploy.problem import Problem
from deploy.services import BY_NAME, Service

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

FIRST: Final = BY_NAME["ledger"]
SECOND: Final = Service(SHADOW, number=0)

EXISTS: Final = "SELECT to_regclass($1) IS NOT NULL"
NO_WAITING_FOR_THE_DISK: Final = f"ALTER ROLE {SHADOW} SET synchronous_commit = off"
"""A crash of the server takes the last batches with their offsets: they are read again."""
SILENCE: Final = """
CREATE OR REPLACE FUNCTION keep_silent() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RETURN NULL; END $$;
CREATE OR REPLACE TRIGGER silent BEFORE INSERT ON outbox
    FOR EACH ROW EXECUTE FUNCTION keep_silent();
CREATE TABLE IF NOT EXISTS rebuild (
    begun_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    differences bigint
);
INSERT INTO rebuild SELECT WHERE NOT EXISTS (SELECT FROM rebuild);
"""
"""What it says stays in its own tables: there is nothing that a relay could send."""
IS_FINISHED: Final = "SELECT finished_at IS NOT NULL FROM rebuild"
FINISH: Final = "UPDATE rebuild SET finished_at = now(), differences = $1"
FORGET: Final = f"DROP SCHEMA IF EXISTS {SHADOW} CASCADE"
ALONE: Final = "SELECT pg_try_advisory_lock(hashtext('yui ledger rebuild'))"
END_ORPHANS: Final = """
-- Readers that a killed rebuild has left: whoever rebuilds does so alone.
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE usename = $1 AND datname = current_database()
"""


@asynccontextmanager
async def owning(database: Database) -> AsyncIterator["Connection"]:
    """Lend the owner's connection, in which the second ledger's tables need no schema's name."""
    async with connected(database.url(OWNER)) as connection:
        await connection.execute(f"SET search_path = {SHADOW}")
        yield connection


@asynccontextmanager
async def alone(database: Database) -> AsyncIterator[None]:
    """Be the only one who rebuilds in this database, a killed one's readers included."""
    async with connected(database.url(OWNER)) as connection:
        if not await connection.fetchval(ALONE):
            raise Problem(
                "another `yui ledger rebuild` is at work",
                "Wait for it, or end it: the next one goes on where it stopped",
            )
        async with connected(database.administrator()) as administrator:
            await administrator.execute(END_ORPHANS, SHADOW)
        yield


async def prepare(database: Database) -> None:
    """Make it, or go on with one that was not finished."""
    async with owning(database) as connection:
        if not await connection.fetchval(EXISTS, f"{FIRST.name}.link"):
            raise Problem("there is no ledger in this database", "See `yui migrate`")
        if await is_there(connection) and await connection.fetchval(IS_FINISHED):
            await connection.execute(FORGET)
    await migrate_like(database, SECOND, FIRST)
    async with connected(database.administrator()) as administrator:
        await administrator.execute(NO_WAITING_FOR_THE_DISK)
    async with owning(database) as connection:
        await connection.execute(SILENCE)


async def is_there(connection: "Connection") -> bool:
    return bool(await connection.fetchval(EXISTS, f"{SHADOW}.rebuild"))


async def finish(connection: "Connection", differences: int) -> None:
    await connection.execute(FINISH, differences)


async def forget(database: Database) -> None:
    async with owning(database) as connection:
        await connection.execute(FORGET)
