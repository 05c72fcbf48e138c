"""Connections to a service's own PostgreSQL schema."""

from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
Connection: TypeAlias = PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]


async def connect_pool(database_url: str, *, size_max: int = 10) -> Pool:
    """A pool that waits for nothing: the database must be there."""
    return await asyncpg.create_pool(database_url, min_size=2, max_size=size_max)
