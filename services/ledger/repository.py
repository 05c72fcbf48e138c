"""Every SQL statement of the ledger."""

import asyncio
import time
from contextlib import suppress
from typing import Final
from uuid import UUID

from asyncpg import Record

from shared.consuming.batch import Effect
from shared.postgres import Pool

ASK_AGAIN_S: Final = 0.25

KNOW_HEADS: Final = """
-- A chain begins for each home that is booked for the first time.
INSERT INTO head (home_id) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING
"""

LOCK_HEADS: Final = """
-- The heads of these homes' chains, in sorted order: no two batches wait for each other.
SELECT home_id, number, booked_at, stream_version, clock_timestamp() AS now FROM head
WHERE home_id = ANY($1::text[]) ORDER BY home_id FOR UPDATE
"""

LINK: Final = """
-- One link per event that moves something, and the heads moved on.
WITH new AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::uuid[], $4::text[], $5::text[],
                         $6::bigint[], $7::text[], $8::int[], $9::bigint[], $10::text[],
                         $11::uuid[], $12::timestamptz[], $13::timestamptz[])
         AS new (home_id, number, event_id, type, stream, version, topic, partition, "offset",
                 correlation, causation, recorded_at, booked_at)
), linked AS (
    INSERT INTO link (home_id, number, event_id, type, stream, version, topic, partition, "offset",
                      correlation, causation, recorded_at, booked_at, business_date)
    SELECT *, $14::date FROM new
)
UPDATE head SET number = last.number, booked_at = last.booked_at
FROM (SELECT home_id, max(number) AS number, max(booked_at) AS booked_at FROM new GROUP BY 1)
     AS last
WHERE head.home_id = last.home_id
"""

POST_CELLS: Final = """
-- Posts a batch: entries as they are, accounts netted per home, resource and month. A shortfall
-- is what stands open; its episode begins when there was none.
WITH moved AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::smallint[], $4::text[], $5::text[],
                         $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[],
                         $11::text[], $12::bigint[])
         AS moved (home_id, number, position, resource, month, moved_from, moved_to, quantity,
                   organisation_id, commitment_id, delivery_id, delivery_version)
), entries AS (
    INSERT INTO entry SELECT * FROM moved
), net AS (
    SELECT home_id, resource, month,
           sum(CASE 'need' WHEN moved_from THEN quantity WHEN moved_to THEN -quantity ELSE 0 END)
               ::bigint AS required,
           sum(CASE 'open' WHEN moved_to THEN quantity WHEN moved_from THEN -quantity ELSE 0 END)
               ::bigint AS open,
           sum(CASE 'promised' WHEN moved_to THEN quantity WHEN moved_from THEN -quantity
               ELSE 0 END)::bigint AS promised,
           sum(CASE 'delivered' WHEN moved_to THEN quantity WHEN moved_from THEN -quantity
               ELSE 0 END)::bigint AS delivered,
           sum(CASE 'confirmed' WHEN moved_to THEN quantity WHEN moved_from THEN -quantity
               ELSE 0 END)::bigint AS confirmed
    FROM moved GROUP BY home_id, resource, month
)
INSERT INTO cell (home_id, resource, month, required, open, promised, delivered, confirmed,
                  announced, episode)
SELECT home_id, resource, month, required, open, promised, delivered, confirmed,
       GREATEST(open, 0), (open > 0)::int
FROM net ORDER BY home_id, resource, month
ON CONFLICT (home_id, resource, month) DO UPDATE
SET required = cell.required + excluded.required,
    open = cell.open + excluded.open,
    promised = cell.promised + excluded.promised,
    delivered = cell.delivered + excluded.delivered,
    confirmed = cell.confirmed + excluded.confirmed,
    announced = GREATEST(cell.open + excluded.open, 0),
    episode = cell.episode + (cell.announced = 0 AND cell.open + excluded.open > 0)::int
RETURNING home_id, resource, month, episode, COALESCE(old.announced, 0) AS announced_before,
          new.announced
"""

POST_DELIVERIES: Final = """
-- How these deliveries stand. More confirmed than delivered is an excess only once the owner's
-- version that the home saw has been booked.
WITH moved AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[],
                         $6::bigint[])
         AS moved (home_id, delivery_id, delivered, confirmed, owner_version, seen_version)
), net AS (
    SELECT home_id, delivery_id, sum(delivered)::bigint AS delivered,
           sum(confirmed)::bigint AS confirmed, max(owner_version) AS owner_version,
           max(seen_version) AS seen_version
    FROM moved GROUP BY home_id, delivery_id
)
INSERT INTO delivery (home_id, delivery_id, delivered, confirmed, owner_version, seen_version,
                      excess, episode)
SELECT home_id, delivery_id, delivered, confirmed, owner_version, seen_version,
       CASE WHEN owner_version >= seen_version THEN GREATEST(-delivered, 0) ELSE 0 END,
       (owner_version >= seen_version AND delivered < 0)::int
FROM net ORDER BY home_id, delivery_id
ON CONFLICT (home_id, delivery_id) DO UPDATE
SET delivered = delivery.delivered + excluded.delivered,
    confirmed = delivery.confirmed + excluded.confirmed,
    owner_version = GREATEST(delivery.owner_version, excluded.owner_version),
    seen_version = GREATEST(delivery.seen_version, excluded.seen_version),
    excess = CASE WHEN GREATEST(delivery.owner_version, excluded.owner_version)
                       >= GREATEST(delivery.seen_version, excluded.seen_version)
                  THEN GREATEST(-(delivery.delivered + excluded.delivered), 0) ELSE 0 END,
    episode = delivery.episode
        + (delivery.excess = 0 AND delivery.delivered + excluded.delivered < 0
           AND GREATEST(delivery.owner_version, excluded.owner_version)
               >= GREATEST(delivery.seen_version, excluded.seen_version))::int
RETURNING home_id, delivery_id, episode, COALESCE(old.excess, 0) AS excess_before, new.excess
"""

MOVE_STREAM_VERSIONS: Final = """
-- How many events the ledger has published for these homes.
UPDATE head SET stream_version = said.version
FROM unnest($1::text[], $2::bigint[]) AS said (home_id, version) WHERE head.home_id = said.home_id
"""

CELLS: Final = """
-- A home's books, month by month.
SELECT * FROM cell WHERE home_id = $1 AND month BETWEEN $2 AND $3
ORDER BY month, resource
"""

ENTRIES_PAGE: Final = """
-- A home's entries in booking order, after a place.
SELECT entry.*, link.event_id, link.type, link.stream, link.version, link.correlation,
       link.causation, link.recorded_at, link.booked_at, link.business_date
FROM entry JOIN link USING (home_id, number)
WHERE home_id = $1 AND (number, position) > ($2, $3)
AND ($4::text IS NULL OR resource = $4) AND ($5::text IS NULL OR month = $5)
ORDER BY number, position LIMIT $6
"""

EVENT_OUTCOME: Final = """
-- What became of an event, wherever it is now.
SELECT outcome.outcome, link.home_id, link.number, link.booked_at
FROM outcome LEFT JOIN link USING (event_id) WHERE event_id = $1
UNION ALL SELECT 'held', NULL, NULL, NULL FROM held WHERE event_id = $1
UNION ALL SELECT 'parked', NULL, NULL, NULL FROM parked WHERE event_id = $1
LIMIT 1
"""

SHORTFALLS_PAGE: Final = """
-- What stands open now, in some homes (null: all), after a place.
SELECT home_id, month, resource, announced AS quantity, episode FROM cell
WHERE announced > 0 AND ($1::text[] IS NULL OR home_id = ANY($1))
AND (home_id, month, resource) > ($2, $3, $4)
ORDER BY home_id, month, resource LIMIT $5
"""

DISCREPANCIES: Final = """
-- Deliveries of which more is confirmed than was delivered.
SELECT home_id, delivery_id, excess, episode FROM delivery
WHERE excess > 0 AND ($1::text[] IS NULL OR home_id = ANY($1))
ORDER BY home_id, delivery_id LIMIT 500
"""


class Posted:
    """What became of events; those who wait are woken by the batch that decides."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: dict[UUID, asyncio.Event] = {}

    def wake(self, effect: Effect) -> None:
        for received, _ in effect.applied:
            waiting = self._waiting.get(received.envelope.event_id)
            if waiting is not None:
                waiting.set()

    async def outcome(self, event_id: UUID, wait_s: float) -> Record | None:
        """Ask until it is decided; another process may decide it, so not only when woken."""
        deadline = time.monotonic() + wait_s
        decided = self._waiting.setdefault(event_id, asyncio.Event())
        try:
            while True:
                row = await self._pool.fetchrow(EVENT_OUTCOME, event_id)
                left_s = deadline - time.monotonic()
                if row is not None or left_s <= 0:
                    return row
                with suppress(TimeoutError):
                    await asyncio.wait_for(decided.wait(), min(ASK_AGAIN_S, left_s))
        finally:
            self._waiting.pop(event_id, None)
