"""The statements that book a batch, from the heads of its homes' chains to what was said."""

from typing import Final

from services.ledger.domain.links import Link

KNOW_HEADS: Final = """
-- A chain begins for each home that is booked for the first time.
INSERT INTO head (home_id) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING
"""

LOCK_HEADS: Final = """
-- The heads of these homes' chains, in sorted order: no two batches wait for each other.
SELECT home_id, links, hash, GREATEST(booked_at, settled_at) AS booked_at,
       GREATEST(business_date, settled_on) AS business_date, stream_version FROM head
WHERE home_id = ANY($1::text[]) ORDER BY home_id FOR UPDATE
"""

CELLS_OF: Final = """
-- These cells as they stand, and the moment: read once the heads are locked, so that whoever has
-- asked for the books as known at a moment before it has been answered from all that is in them.
SELECT clock_timestamp() AS now, (SELECT day FROM business_date) AS played,
       asked.home_id, asked.resource, asked.month, required, open, promised, delivered, confirmed,
       episode, funders
FROM (VALUES (true)) AS always LEFT JOIN (
    unnest($1::text[], $2::text[], $3::text[]) AS asked (home_id, resource, month)
    LEFT JOIN cell USING (home_id, resource, month)
) ON true
"""

DELIVERIES_OF: Final = """
-- These deliveries as they stand.
SELECT home_id, delivery_id, delivered, confirmed, owner_version, seen_version, episode, excess
FROM unnest($1::text[], $2::text[]) AS asked (home_id, delivery_id)
JOIN delivery USING (home_id, delivery_id)
"""

LINK_COLUMNS: Final = (*Link._fields, "hash")

LINK: Final = """
-- One link per event that moves something.
INSERT INTO link (home_id, number, event_id, type, stream, version, topic, partition, "offset",
                  correlation, causation, recorded_at, booked_at, business_date, digest, hash)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::bigint[],
                     $7::text[], $8::int[], $9::bigint[], $10::text[], $11::uuid[],
                     $12::timestamptz[], $13::timestamptz[], $14::date[], $15::bytea[],
                     $16::bytea[])
"""

ENTRY_COLUMNS: Final = (
    "home_id",
    "number",
    "position",
    "resource",
    "month",
    "moved_from",
    "moved_to",
    "quantity",
    "organisation_id",
    "commitment_id",
    "delivery_id",
    "delivery_version",
    "required",
    "open",
    "promised",
    "delivered",
    "confirmed",
)

ENTER: Final = """
-- One entry per movement, with what its cell came to.
INSERT INTO entry (home_id, number, position, resource, month, moved_from, moved_to, quantity,
                   organisation_id, commitment_id, delivery_id, delivery_version, required, open,
                   promised, delivered, confirmed)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::smallint[], $4::text[], $5::text[], $6::text[],
                     $7::text[], $8::bigint[], $9::text[], $10::text[], $11::text[],
                     $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[],
                     $17::bigint[])
"""

STAND: Final = """
-- How cells, deliveries and heads stand behind a batch, in one round trip; the heads are locked.
WITH cells AS (
    INSERT INTO cell (home_id, resource, month, required, open, promised, delivered, confirmed,
                      announced, episode, funders)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],
                         $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::int[],
                         $11::smallint[])
    ON CONFLICT (home_id, resource, month) DO UPDATE
    SET required = excluded.required, open = excluded.open, promised = excluded.promised,
        delivered = excluded.delivered, confirmed = excluded.confirmed,
        announced = excluded.announced, episode = excluded.episode, funders = excluded.funders
), deliveries AS (
    INSERT INTO delivery (home_id, delivery_id, delivered, confirmed, owner_version,
                          seen_version, excess, episode)
    SELECT * FROM unnest($12::text[], $13::text[], $14::bigint[], $15::bigint[], $16::bigint[],
                         $17::bigint[], $18::bigint[], $19::int[])
    ON CONFLICT (home_id, delivery_id) DO UPDATE
    SET delivered = excluded.delivered, confirmed = excluded.confirmed,
        owner_version = excluded.owner_version, seen_version = excluded.seen_version,
        excess = excluded.excess, episode = excluded.episode
)
UPDATE head SET links = moved.links, hash = moved.hash, booked_at = moved.booked_at,
                business_date = moved.business_date, stream_version = moved.stream_version
FROM unnest($20::text[], $21::bigint[], $22::bytea[], $23::timestamptz[], $24::date[],
            $25::bigint[])
     AS moved (home_id, links, hash, booked_at, business_date, stream_version)
WHERE head.home_id = moved.home_id
"""

CONTRIBUTE: Final = """
-- Organisations that stand in a home's books for the first time.
INSERT INTO contributor (organisation_id, home_id)
SELECT * FROM unnest($1::text[], $2::text[]) ORDER BY 1, 2 ON CONFLICT DO NOTHING
"""

NOTE_UNMOVED: Final = """
-- Events that moved nothing, by type: one of them may be why another moves something.
INSERT INTO unmoved (event_id, type, recorded_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) ON CONFLICT DO NOTHING
"""
