"""Connections to a service's own PostgreSQL schema, and rows as it takes them fastest."""

from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = (
        PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]
    )
else:  # the classes are generic in their stubs alone
    Pool = asyncpg.Pool
    Connection = PoolConnectionProxy | asyncpg.Connection

COPIED_FROM: Final = 50
"""From so many rows on, COPY's cheaper rows outweigh its second round trip."""


async def connect_pool(
    database_url: str,
    *,
    size_max: int = 10,
    connected: Callable[[Any], Coroutine[Any, Any, None]] | None = None,
) -> Pool:
    """A pool that waits for nothing: the database must be there. `connected` sees each new one."""
    return await asyncpg.create_pool(database_url, min_size=2, max_size=size_max, init=connected)


def columns(rows: Iterable[Sequence[Any]], width: int) -> Sequence[Sequence[Any]]:
    """Rows as the arrays that `unnest` takes; no rows are as many empty ones."""
    return list(zip(*rows, strict=True)) or [()] * width


async def add_rows(
    connection: Connection,
    insert: str,
    table: str,
    names: Sequence[str],
    rows: Collection[Sequence[Any]],
) -> None:
    """Add rows to a table that is only added to: by `insert`, with an array per column, or COPY.

    COPY costs the database a third less per row.
    """
    if len(rows) < COPIED_FROM:
        await connection.execute(insert, *columns(rows, len(names)))
    else:
        await connection.copy_records_to_table(table, records=rows, columns=names)
