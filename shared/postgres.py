"""Connections to a service's own PostgreSQL schema."""

from typing import TYPE_CHECKING, TypeAlias

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


async def connect_pool(database_url: str, *, size_max: int = 10) -> Pool:
    """A pool that waits for nothing: the database must be there."""
    return await asyncpg.create_pool(database_url, min_size=2, max_size=size_max)
