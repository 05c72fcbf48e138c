"""The auditor's sessions: several at once, in one snapshot of all schemas, and read-only in it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg

from deploy.checking.findings import Findings
from deploy.database import connected

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]

SESSIONS: Final = 2
"""At once: one reads Kafka. Where there are more cores, each may have workers of its own."""

SETTINGS: Final = f"""
SET work_mem = '64MB';
SET temp_buffers = '64MB';
SET timezone = 'UTC';
SET jit = off;
SET plan_cache_mode = force_custom_plan;
SET enable_memoize = off;
SET parallel_setup_cost = 100;
SET max_parallel_workers_per_gather = {max(0, (os.cpu_count() or 1) - SESSIONS)};
"""

FIRST_OF_EACH: Final = """
SELECT DISTINCT ON (kind) kind, "where", expected, found,
       count(*) OVER (PARTITION BY kind) AS number
FROM (SELECT *, row_number() OVER () AS nth FROM ({statement}) AS ordered) AS difference
ORDER BY kind, nth
"""

READABLE: Final = """
-- Whether some events' bodies can be read as JSON, and their movements as movements.
SELECT count(*), min(moved.quantity)
FROM {table} AS told LEFT JOIN LATERAL jsonb_to_recordset(
    COALESCE(convert_from(body, 'UTF8')::jsonb -> 'movements', '[]')
) AS moved (resource text, quantity bigint, delivery_version bigint) ON true
WHERE position >= $1 AND position < $2
"""
LAST: Final = "SELECT COALESCE(max(position), 0) FROM {table}"
AT: Final = "SELECT event_id, type, version, stream FROM {table} WHERE position = $1"

EMPTIED: Final = """(
    SELECT position, event_id, stream, version, key, type, recorded_at, correlation, causation,
           traceparent, CASE WHEN position = ANY ('{{positions}}') THEN '{}' ELSE body END AS body
    FROM {table}
)"""


@dataclass(slots=True)
class Told:
    """What an owner has told: its event table, or one of our own where none speaks for it."""

    owner: str
    table: str
    unreadable: tuple[int, ...] = ()
    """Positions of events whose body PostgreSQL cannot read as JSON."""

    @property
    def source(self) -> str:
        if not self.unreadable:
            return self.table
        listed = ",".join(map(str, self.unreadable))
        return EMPTIED.replace("{positions}", listed).replace("{table}", self.table)


@asynccontextmanager
async def session(database_url: str) -> AsyncIterator["Connection"]:
    async with connected(database_url) as connection:
        await connection.execute(SETTINGS)
        yield connection


@asynccontextmanager
async def snapshot(connection: "Connection", shared: str | None = None) -> AsyncIterator[None]:
    """All schemas as they were at one instant: one database, so one snapshot holds them all.

    `shared` is the name under which another session has let it be seen.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        if shared is not None:
            await connection.execute(f"SET TRANSACTION SNAPSHOT '{shared}'")
        yield


async def share(connection: "Connection") -> str:
    name: str = await connection.fetchval("SELECT pg_export_snapshot()")
    return name


def fill(statement: str, **names: str) -> str:
    """Name the tables of a statement; not by `format`, for SQL has braces of its own."""
    for name, value in names.items():
        statement = statement.replace(f"{{{name}}}", value)
    return statement


async def find(
    connection: "Connection",
    owner: str,
    statement: str,
    *arguments: object,
    told: Told | None = None,
    is_wide: bool = False,
    **names: str,
) -> Findings:
    """Run a statement that yields differences: how many, and the first of each kind.

    Where two tables of wide rows are compared, both are read in the order of their keys: to hash
    one of them means to copy all of it, and costs twice as much.
    """
    found = Findings()
    if is_wide:
        await connection.execute("SET enable_hashjoin = off")
    try:
        await _find(connection, found, owner, statement, arguments, told, names)
    except asyncpg.DataError:
        if told is None or told.unreadable:
            raise
        await _look_for_unreadable(connection, found, told)
        await _find(connection, found, owner, statement, arguments, told, names)
    if is_wide:
        await connection.execute("SET enable_hashjoin = on")
    return found


async def _find(
    connection: "Connection",
    found: Findings,
    owner: str,
    statement: str,
    arguments: tuple[object, ...],
    told: Told | None,
    names: dict[str, str],
) -> None:
    source = {} if told is None else {"told": told.source}
    query = FIRST_OF_EACH.replace("{statement}", fill(statement, **names, **source))
    async with connection.transaction():  # a savepoint: a body that cannot be read costs no more
        rows = await connection.fetch(query, *arguments)
    for row in rows:
        found.add(
            row["kind"], owner, row["where"], row["expected"], row["found"], number=row["number"]
        )


async def _look_for_unreadable(connection: "Connection", found: Findings, told: Told) -> None:
    """Halve what cannot be read until it is one event."""
    last = await connection.fetchval(fill(LAST, table=told.table))
    unsure, unreadable = [(0, last + 1)], []
    while unsure:
        first, end = unsure.pop()
        if await _is_readable(connection, told, first, end):
            continue
        if end - first > 1:
            middle = (first + end) // 2
            unsure += [(middle, end), (first, middle)]
        else:
            unreadable.append(first)
            row = await connection.fetchrow(fill(AT, table=told.table), first)
            where = "{type} {event_id}, version {version} of {stream}".format(**dict(row or {}))
            found.add("altered", told.owner, where, "a body that can be read", "none")
    told.unreadable = tuple(unreadable)


async def _is_readable(connection: "Connection", told: Told, first: int, end: int) -> bool:
    try:
        async with connection.transaction():
            await connection.execute(fill(READABLE, table=told.table), first, end)
    except asyncpg.DataError:
        return False
    return True
