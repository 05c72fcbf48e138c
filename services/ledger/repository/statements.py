"""What an organisation's statement is drawn up from: its entries, and how it values them."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from services.ledger.domain.moments import Clock, Moment
from services.ledger.domain.statement_rules import StatementRules
from services.ledger.domain.statements import Contributed
from services.ledger.domain.valuations import VALUATIONS, Valuations
from services.ledger.repository.known import DAY, WAIT_S
from shared.access.policy import Principal
from shared.business_date import BusinessDate
from shared.contracts.event import Month
from shared.contracts.ledger import ValuationDeclared
from shared.postgres import Connection, Pool
from shared.rules import Rule
from shared.wall import Wall

EVERYTHING: Final = 2**62
"""No link has a greater number."""

IS_KNOWN: Final = """
-- Whether the register has introduced an organisation.
SELECT true FROM organisation WHERE organisation_id = $1
"""

HOMES_OF: Final = """
-- The homes in whose books an organisation stands, or may come to stand.
SELECT home_id FROM contributor WHERE organisation_id = $1
UNION SELECT home_id FROM party WHERE organisation_id = $1 ORDER BY home_id
"""

NOW: Final = """
-- What time it is, and the day where it is played.
SELECT clock_timestamp() AS now, (SELECT day FROM business_date) AS played
"""

SETTLED: Final = """
-- Before when nothing more is booked for each of these homes.
SELECT home_id, GREATEST(booked_at, settled_at) AS settled_at,
       GREATEST(business_date, settled_on) AS settled_on
FROM unnest($1::text[]) AS asked (home_id) LEFT JOIN head USING (home_id)
"""

SETTLE: Final = """
-- Waits for bookings in flight in these homes, in sorted order as whoever books, and lets no later
-- one be booked before this instant, or day.
INSERT INTO head AS known (home_id, settled_at, settled_on)
SELECT home_id, $2::timestamptz, $3::date FROM unnest($1::text[]) AS asked (home_id)
ORDER BY home_id
ON CONFLICT (home_id) DO UPDATE
SET settled_at = GREATEST(known.settled_at, excluded.settled_at),
    settled_on = GREATEST(known.settled_on, excluded.settled_on)
"""

LAST_LINKS: Final = """
-- The last link of each of these homes at a moment, 0 where none was: found by halving, for
-- neither instants nor business dates go back within a chain.
WITH RECURSIVE halving AS (
    SELECT home_id, 0::bigint AS known, links + 1 AS unknown
    FROM head WHERE home_id = ANY ($1::text[])
    UNION ALL
    SELECT home_id, CASE WHEN by_then THEN middle ELSE known END,
           CASE WHEN by_then THEN unknown ELSE middle END
    FROM halving CROSS JOIN LATERAL (
        SELECT number AS middle, COALESCE(booked_at <= $2, true)
                                 AND COALESCE(business_date <= $3, true) AS by_then
        FROM link WHERE link.home_id = halving.home_id AND number = (known + unknown) / 2
        LIMIT 1
    ) AS half
    WHERE unknown - known > 1
)
SELECT home_id, known FROM halving WHERE unknown - known = 1
"""

CONTRIBUTED: Final = """
-- What an organisation's entries of some months come to, by home, resource, month and service, up
-- to a link of each home. Home by home: what other homes hold is never read, however much it is.
-- Which service it is, the first entry of the commitment tells that is no home's confirmation.
SELECT home_id, resource, COALESCE(topic, '') AS topic, month, sum(promised)::bigint AS promised,
       sum(delivered)::bigint AS delivered, sum(confirmed)::bigint AS confirmed
FROM unnest($4::text[], $5::bigint[]) AS up_to (home_id, last) CROSS JOIN LATERAL (
    SELECT resource, month, COALESCE(commitment_id, delivery_id) AS commitment,
           min(number) FILTER (WHERE NOT (moved_from IN ('delivered', 'confirmed')
                                          AND moved_to IN ('delivered', 'confirmed'))) AS number,
           sum(quantity * ((moved_to = 'promised')::int - (moved_from = 'promised')::int))
               AS promised,
           sum(quantity * ((moved_to = 'delivered')::int - (moved_from = 'delivered')::int))
               AS delivered,
           sum(quantity * ((moved_to = 'confirmed')::int - (moved_from = 'confirmed')::int))
               AS confirmed
    FROM entry
    WHERE entry.home_id = up_to.home_id AND organisation_id = $1 AND month BETWEEN $2 AND $3
    AND number <= last
    GROUP BY resource, month, commitment
) AS own LEFT JOIN link USING (home_id, number)
GROUP BY home_id, resource, topic, month
"""

VALUES_ALONE: Final = """
-- Whoever declares a value, or reads what was declared by a moment, waits for who declares one.
SELECT pg_advisory_xact_lock(hashtextextended('ledger: valuations of ' || $1, 0))
"""

DECLARED: Final = """
-- How an organisation has valued its contributions, as declared by an instant (null: by now).
SELECT body FROM event
WHERE stream = $1 AND ($2::timestamptz IS NULL OR recorded_at <= $2) ORDER BY version
"""


def read_statement_rules() -> StatementRules:
    table = tomllib.loads(Path(__file__).parent.with_name("statements.toml").read_text())
    return StatementRules(Rule.model_validate(row) for row in table["rule"])


async def values_alone(connection: Connection, organisation_id: str) -> None:
    await connection.execute(VALUES_ALONE, organisation_id)


class Contributions:
    """What organisations have contributed, and declared it to be worth: now, or as was known."""

    def __init__(self, pool: Pool, wall: Wall, business_date: BusinessDate) -> None:
        self._pool = pool
        self._wall = wall
        self._business_date = business_date

    async def is_known(self, principal: Principal, organisation_id: str) -> bool:
        return bool(await self._wall.fetchval(principal, IS_KNOWN, organisation_id))

    async def of(
        self,
        principal: Principal,
        organisation_id: str,
        first: Month,
        last: Month,
        moment: Moment | None,
    ) -> Sequence[Contributed]:
        """Read what it has contributed to these months, in all homes.

        As known at a moment it is the same for ever: nothing is booked before the moment any more
        in homes where the organisation stands in the books, or is party.
        """
        rows = await self._wall.fetch(principal, HOMES_OF, organisation_id)
        homes = [row["home_id"] for row in rows]
        lasts = [EVERYTHING] * len(homes)
        if moment is not None:
            await self._settle(homes, moment)
            rows = await self._pool.fetch(LAST_LINKS, homes, moment.at, moment.on)
            homes, lasts = [row["home_id"] for row in rows], [row["known"] for row in rows]
        which = organisation_id, first, last, homes, lasts
        found = await self._wall.fetch(principal, CONTRIBUTED, *which)
        return [Contributed(*row) for row in found]

    async def valuations(
        self, principal: Principal, organisation_id: str, moment: Moment | None
    ) -> Valuations:
        stream = VALUATIONS.stream(organisation_id)
        async with self._wall.reading(principal) as connection:
            if moment is not None:
                await values_alone(connection, organisation_id)
            rows = await connection.fetch(DECLARED, stream, moment.at if moment else None)
        declared = (ValuationDeclared.model_validate_json(row["body"]) for row in rows)
        by_then = moment.on if moment is not None else None
        return VALUATIONS.decider.fold(
            one for one in declared if by_then is None or one.declared_on <= by_then
        )

    async def _settle(self, homes: Sequence[str], moment: Moment) -> None:
        """See to it that nothing more is booked by the moment in any of these homes."""
        row = await self._pool.fetchrow(NOW)
        assert row is not None  # noqa: S101  of no table
        now, today = row["now"], self._business_date.on(row["now"], row["played"])
        unsettled = [
            head["home_id"]
            for head in await self._pool.fetch(SETTLED, homes)
            if not Clock(now, today, head["settled_at"], head["settled_on"]).settles(moment)
        ]
        if unsettled or not homes:
            Clock(now, today, None, None).must_have_passed(moment)
        if unsettled:
            day = None if moment.on is None else moment.on + DAY
            at = None if moment.at is None else now
            await self._pool.execute(SETTLE, unsettled, at, day, timeout=WAIT_S)
