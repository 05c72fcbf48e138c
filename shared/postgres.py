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

AWAY: Final = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the client, on a connection that broke under its hands
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    OSError,
    TimeoutError,
)
"""The database is not there, or not as it should be: nobody who asks it is at fault."""


def is_away(fault: Exception) -> bool:
    """A value that could not even be sent is whose it is: a `ValueError` all the same."""
    return isinstance(fault, AWAY) and not isinstance(fault, ValueError)


async def connect_pool(
    database_url: str,
    *,
    size_max: int = 10,
    connected: Callable[[Any], Coroutine[Any, Any, None]] | None = None,
) -> Pool:
    """A pool that waits for nothing: the database must be there. `connected` sees each new one."""
    return await asyncpg.create_pool(
        database_url, min_size=2, max_size=size_max, init=connected, reset=_nothing_to_reset
    )


async def _nothing_to_reset(_connection: Connection) -> None:
    """Spare a round trip: nothing here outlives its transaction, neither settings nor locks."""


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
