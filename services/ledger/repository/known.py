"""The books of a home as they were known at a moment, the same for ever."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from asyncpg import Record

from services.ledger.domain.moments import Clock, Moment
from shared.access.policy import Principal
from shared.business_date import BusinessDate
from shared.postgres import Pool, columns
from shared.wall import Wall

WAIT_S: Final = 10.0
"""For bookings in flight; one that takes longer is stuck, and it may be asked again."""

DAY: Final = timedelta(days=1)

_CLOCK: Final = """
SELECT clock_timestamp() AS now, (SELECT day FROM business_date) AS played,
       GREATEST(booked_at, settled_at) AS settled_at,
       GREATEST(business_date, settled_on) AS settled_on
FROM (VALUES ($1::text)) AS asked (home_id) LEFT JOIN head USING (home_id)
"""

CLOCK: Final = f"""
-- What time it is, and before when nothing more is booked for a home.
{_CLOCK}
"""

SETTLE: Final = """
-- Waits for bookings in flight, and lets no later one be booked before this instant, or day.
INSERT INTO head AS known (home_id, settled_at, settled_on) VALUES ($1, $2, $3)
ON CONFLICT (home_id) DO UPDATE
SET settled_at = GREATEST(known.settled_at, excluded.settled_at),
    settled_on = GREATEST(known.settled_on, excluded.settled_on)
"""

_HALVING: Final = """
halving AS (
    SELECT place, home_id, booked_by, booked_on, 0::bigint AS known, links + 1 AS unknown
    FROM {asked} WITH ORDINALITY AS asked (home_id, booked_by, booked_on, place)
    JOIN head USING (home_id)
    UNION ALL
    SELECT place, home_id, booked_by, booked_on,
           CASE WHEN by_then THEN middle ELSE known END,
           CASE WHEN by_then THEN unknown ELSE middle END
    FROM halving CROSS JOIN LATERAL (
        SELECT number AS middle, COALESCE(booked_at <= booked_by, true)
                                 AND COALESCE(business_date <= booked_on, true) AS by_then
        FROM link WHERE link.home_id = halving.home_id AND number = (known + unknown) / 2
        LIMIT 1
    ) AS half
    WHERE unknown - known > 1
)"""

_MANY: Final = "unnest($1::text[], $2::timestamptz[], $3::date[])"
_ONE: Final = "unnest(ARRAY[$1::text], ARRAY[$2::timestamptz], ARRAY[$3::date])"

LAST_LINKS: Final = f"""
-- The last link of a home by an instant, or on a business date (null: either), 0 where none was:
-- found by halving, for neither goes back within a chain.
WITH RECURSIVE {_HALVING.format(asked=_MANY)}
SELECT known, hash
FROM halving LEFT JOIN link ON link.home_id = halving.home_id AND number = known
WHERE unknown - known = 1 ORDER BY place
"""  # noqa: S608  ours

KNOWN_CELLS: Final = f"""
-- What a home's cells had come to by an instant, or on a business date: the totals of each one's
-- last entry up to its last link then; and the clock, of the same snapshot, that says whether this
-- is certain. Without cells, the clock alone.
WITH RECURSIVE {_HALVING.format(asked=_ONE)}, clock AS ({_CLOCK})
SELECT clock.*, cells.* FROM clock LEFT JOIN (
    SELECT month, resource, totals.* FROM halving AS last JOIN cell USING (home_id)
    CROSS JOIN LATERAL (
        SELECT required, open, promised, delivered, confirmed FROM entry
        WHERE entry.home_id = cell.home_id AND entry.resource = cell.resource
        AND entry.month = cell.month AND number <= last.known
        ORDER BY number DESC, position DESC LIMIT 1
    ) AS totals
    WHERE unknown - known = 1 AND month BETWEEN $4 AND $5
) AS cells ON true
ORDER BY month, resource
"""  # noqa: S608  ours


class Known:
    """Answers what was known when, once that can never change again.

    Where a chain stood at a moment is asked, and settled, for everyone: numbers, and no books.
    """

    def __init__(self, pool: Pool, wall: Wall, business_date: BusinessDate) -> None:
        self._pool = pool
        self._wall = wall
        self._business_date = business_date

    async def cells(
        self, principal: Principal, home_id: str, moment: Moment, from_month: str, through: str
    ) -> Sequence[Record]:
        """In one question, which is asked again only where the moment was not certain yet."""
        asked = home_id, moment.at, moment.on, from_month, through
        rows = await self._wall.fetch(principal, KNOWN_CELLS, *asked)
        if await self._settle(home_id, (moment,), rows[0]):
            rows = await self._wall.fetch(principal, KNOWN_CELLS, *asked)
        return [row for row in rows if row["month"] is not None]

    async def last_links(self, home_id: str, *moments: Moment) -> Sequence[int]:
        """The number of the last link at each moment; a moment that is not certain is refused."""
        row = await self._pool.fetchrow(CLOCK, home_id)
        assert row is not None  # noqa: S101  of one VALUES
        await self._settle(home_id, moments, row)
        asked = [(home_id, moment.at, moment.on) for moment in moments]
        rows = await self._pool.fetch(LAST_LINKS, *columns(asked, 3))
        return [row["known"] for row in rows]

    async def _settle(self, home_id: str, moments: Sequence[Moment], row: Record) -> bool:
        """See to it that nothing more is booked by these moments: whether that was to be done.

        Rarely must anybody wait.
        """
        today = self._business_date.on(row["now"], row["played"])
        clock = Clock(row["now"], today, row["settled_at"], row["settled_on"])
        open_ones = [moment for moment in moments if not clock.settles(moment)]
        for moment in open_ones:
            clock.must_have_passed(moment)
        if open_ones:
            days = [moment.on + DAY for moment in open_ones if moment.on is not None]
            settled_at = clock.now if any(moment.at for moment in open_ones) else None
            until = settled_at, max(days, default=None)
            await self._pool.execute(SETTLE, home_id, *until, timeout=WAIT_S)
        return bool(open_ones)
