"""The day that drives lapses, deadlines and horizons: lived in Tokyo, or played in simulation."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Final, TypeAlias

import structlog

from shared.clock import TOKYO, tokyo_today
from shared.consuming.applying import Reaction
from shared.contracts.homes import BusinessDateAdvanced
from shared.envelope import Envelope
from shared.handling import Transactions, run
from shared.postgres import Connection
from shared.published import Unsure
from shared.work import Cause, Work

LOOK_EVERY_S: Final = 30.0
AGAIN_S: Final = 1.0

READ: Final = """
-- The last day that this service has seen begin.
SELECT day FROM business_date WHERE calendar = 'tokyo'
"""

ADVANCE: Final = """
-- A day has begun; no row: it, or a later one, had begun before.
INSERT INTO business_date AS known (calendar, day) VALUES ('tokyo', $1)
ON CONFLICT (calendar) DO UPDATE SET day = excluded.day WHERE known.day < excluded.day
RETURNING true
"""

DayPassed: TypeAlias = Callable[[Work, date], Awaitable[None]]
"""What a service does when a day has begun; days may be skipped, never repeated."""

log = structlog.get_logger("business_date")


class BusinessDate:
    """One service's calendar."""

    def __init__(self, *, simulated: bool) -> None:
        self._simulated = simulated
        self._day_passed: list[DayPassed] = []

    def on_day_passed(self, day_passed: DayPassed) -> None:
        self._day_passed.append(day_passed)

    async def today(self, connection: Connection) -> date:
        if not self._simulated:
            return tokyo_today()
        played: date | None = await connection.fetchval(READ)
        return played or tokyo_today()

    def on(self, now: datetime, played: date | None) -> date:
        """The day that it is at a moment of the database's clock, where days are lived."""
        if self._simulated and played is not None:
            return played
        return now.astimezone(TOKYO).date()

    async def begin(self, work: Work, day: date) -> None:
        if await work.connection.fetchval(ADVANCE, day):
            for day_passed in self._day_passed:
                await day_passed(work, day)

    def reaction(self) -> Reaction:
        """Follow the played date; nobody follows it where days are lived."""

        async def advanced(work: Work, event: BusinessDateAdvanced, _envelope: Envelope) -> None:
            if self._simulated:
                await self.begin(work, event.business_date)

        return advanced

    async def run_timer(self, transactions: Transactions) -> None:
        """Begin each day as it comes; a day that was slept through is caught up at once."""
        while True:
            if self._simulated:
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            day = tokyo_today()

            async def begin(work: Work, day: date = day) -> None:
                await self.begin(work, day)

            try:
                await run(transactions, Cause(correlation=f"day-{day.isoformat()}"), begin)
            except Unsure:
                await asyncio.sleep(AGAIN_S)
                continue
            except Exception as fault:  # noqa: BLE001  tomorrow comes all the same
                log.warning("day_failed", fault=type(fault).__name__, day=day.isoformat())
            await asyncio.sleep(LOOK_EVERY_S)
