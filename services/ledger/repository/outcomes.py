"""What became of events, and whoever waits to hear of it."""

import asyncio
import time
from contextlib import suppress
from typing import Final
from uuid import UUID

from asyncpg import Record

from shared.access.policy import Principal
from shared.consuming.batch import Effect
from shared.wall import Wall

ASK_AGAIN_S: Final = 0.25

EVENT_OUTCOME: Final = """
-- What became of an event, wherever it is now; of what is booked for homes unseen, nothing.
SELECT outcome.outcome, link.home_id, link.number, link.booked_at
FROM outcome LEFT JOIN link USING (event_id)
WHERE event_id = $1 AND (outcome.outcome <> 'booked' OR link.home_id IS NOT NULL)
UNION ALL SELECT 'held', encode(key, 'escape'), NULL, NULL FROM held WHERE event_id = $1
UNION ALL SELECT 'parked', encode(key, 'escape'), NULL, NULL FROM parked WHERE event_id = $1
LIMIT 1
"""


class Posted:
    """What became of events; those who wait are woken by the batch that decides."""

    def __init__(self, wall: Wall) -> None:
        self._wall = wall
        self._waiting: dict[UUID, asyncio.Event] = {}

    def wake(self, effect: Effect) -> None:
        for received, _ in effect.applied:
            waiting = self._waiting.get(received.envelope.event_id)
            if waiting is not None:
                waiting.set()

    async def outcome(self, principal: Principal, event_id: UUID, wait_s: float) -> Record | None:
        """Ask until it is decided; another process may decide it, so not only when woken."""
        deadline = time.monotonic() + wait_s
        decided = self._waiting.setdefault(event_id, asyncio.Event())
        try:
            while True:
                row = await self._wall.fetchrow(principal, EVENT_OUTCOME, event_id)
                left_s = deadline - time.monotonic()
                if row is not None or left_s <= 0:
                    return row
                with suppress(TimeoutError):
                    await asyncio.wait_for(decided.wait(), min(ASK_AGAIN_S, left_s))
        finally:
            self._waiting.pop(event_id, None)
