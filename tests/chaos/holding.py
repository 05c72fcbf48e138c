"""The ledger held in the middle of a transaction: on purpose, not by luck."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from deploy.database import Database

HOLD: Final = "BEGIN; LOCK TABLE {table} IN SHARE MODE"

WAITING: Final = """
-- Whether somebody waits for this table. `pg_stat_activity` would answer as it first did.
SELECT EXISTS (
    SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE datname = current_database() AND relation = $1::regclass AND NOT granted
)
"""


@asynccontextmanager
async def held_at(database: Database, table: str) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Let nobody write to a table of the ledger's; yield how to ask whether one waits to."""
    connection = await asyncpg.connect(database.administrator())

    async def one_waits() -> bool:
        return bool(await connection.fetchval(WAITING, table))

    try:
        await connection.execute(HOLD.format(table=table))
        yield one_waits
    finally:
        connection.terminate()
