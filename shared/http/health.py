"""Whether a process lives, and whether it does its work."""

import re
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg

from shared import metrics
from shared.consuming import statements as sql
from shared.consuming.runtime import Consumer
from shared.postgres import Pool
from shared.published import Published
from shared.relay import Relay

UNSENT_S_MAX: Final = 10.0
STUCK_S_MAX: Final = 15.0

APPLIED_MIGRATIONS: Final = "SELECT version FROM schema_migrations"


@dataclass(frozen=True, slots=True)
class Health:
    pool: Pool
    relay: Relay | None
    consumer: Consumer | None
    migrations: Sequence[Path]
    """The folders whose migrations this code needs."""
    beginnings: Sized = ()
    """What is still to be done before the service is ready."""
    unsent_s_max: float = UNSENT_S_MAX
    stuck_s_max: float = STUCK_S_MAX

    async def look(self) -> tuple[bool, dict[str, Any]]:
        """Whether ready, and each check with what it found."""
        try:
            checks = await self._checks()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            checks = {"database": {"ok": False, "detail": type(error).__name__}}
        return all(check["ok"] for check in checks.values()), checks

    async def _checks(self) -> dict[str, dict[str, Any]]:
        checks = {"schema": await self._schema()}
        if self.beginnings:
            checks["begun"] = {"ok": False}
        if self.relay is not None:
            checks["relay"] = await self._relay(self.relay)
            checks["published"] = await self._published(self.relay.published)
        if self.consumer is not None:
            checks["consumer"] = await self._consumer(self.consumer)
        return checks

    async def _schema(self) -> dict[str, Any]:
        applied = {row["version"] for row in await self.pool.fetch(APPLIED_MIGRATIONS)}
        needed = {
            found[1]
            for folder in self.migrations
            for path in folder.glob("*.sql")
            if (found := re.match(r"(\d+)_", path.name))
        }
        return {"ok": needed <= applied, "missing": sorted(needed - applied)}

    async def _relay(self, relay: Relay) -> dict[str, Any]:
        unsent_s = await relay.oldest_unsent_s()
        metrics.OLDEST_UNSENT.set(unsent_s)
        return {"ok": unsent_s < self.unsent_s_max, "oldest_unsent_s": round(unsent_s, 3)}

    async def _published(self, published: Published) -> dict[str, Any]:
        async with self.pool.acquire() as connection:
            look = await published.look_here(connection)
        if look is None:
            return {"ok": False, "detail": "not looked at yet"}
        told: dict[str, Any] = {"lacking": look.lacking, "lost": look.lost}
        metrics.LACKING.set(look.lacking)
        metrics.LOST.set(look.lost)
        if look.lacking:
            told["detail"] = "the database was put back: yui events republish"
        return {"ok": look.is_whole, **told}

    async def _consumer(self, consumer: Consumer) -> dict[str, Any]:
        waiting = await self.pool.fetchrow(sql.WAITING)
        assert waiting is not None  # noqa: S101  it has no WHERE
        held_s, parked_s = waiting["held_s"] or 0.0, waiting["parked_s"] or 0.0
        unapplied_s = max(consumer.oldest_unapplied_s(), held_s, parked_s)
        stuck_s = consumer.stuck_s()
        metrics.OLDEST_UNAPPLIED.set(unapplied_s)
        metrics.HELD.set(waiting["held"])
        metrics.PARKED.set(waiting["parked"])
        return {
            "ok": consumer.running and stuck_s < self.stuck_s_max and not consumer.truncated,
            "lag": consumer.lag(),
            "stuck_s": round(stuck_s, 3),
            "held": waiting["held"],
            "parked": waiting["parked"],
            "oldest_unapplied_s": round(unapplied_s, 3),
            "truncated": {f"{t}/{p}": why for (t, p), why in consumer.truncated.items()},
        }
