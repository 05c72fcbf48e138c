"""When each key opened this service last: noted in memory, kept once in a while."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import structlog

from shared.clock import now
from shared.postgres import Connection, Pool

KEEP_EVERY_S: Final = 30.0
"""Whoever asks at each moment is written as seldom as this."""

PUT_USES: Final = """
-- Keeps when keys were used last; another process may know of a later use.
INSERT INTO key_use AS known (key_id, used_at)
SELECT * FROM unnest($1::text[], $2::timestamptz[])
ON CONFLICT (key_id) DO UPDATE SET used_at = GREATEST(known.used_at, excluded.used_at)
"""

USES: Final = """
-- When an organisation's keys opened this service last, after a place.
SELECT key_id, used_at FROM key_use JOIN api_key USING (key_id)
WHERE organisation_id = $1 AND key_id > $2 ORDER BY key_id LIMIT $3
"""

log = structlog.get_logger("access")


class Uses:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._noted: dict[str, datetime] = {}

    def note(self, key_id: str) -> None:
        self._noted[key_id] = now()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            await self.keep()

    async def keep(self) -> None:
        noted, self._noted = self._noted, {}
        if not noted:
            return
        # In sorted order, as whoever else keeps its own: neither waits for the other in a circle.
        keys = sorted(noted)
        try:
            await self._pool.execute(PUT_USES, keys, [noted[key] for key in keys])
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as fault:
            log.warning("uses_not_kept", fault=type(fault).__name__)


async def uses_page(
    seen_by: Connection, organisation_id: str, after: str, limit: int
) -> Sequence[dict[str, Any]]:
    rows = await seen_by.fetch(USES, organisation_id, after, limit)
    return [{"key_id": row["key_id"], "used_at": row["used_at"].isoformat()} for row in rows]
