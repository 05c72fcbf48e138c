"""Every SQL statement of the event log."""

from typing import Final

LOG: Final = """
-- Keeps a batch, each event at the next place of its partition. The heads' rows stay locked to the
-- commit, so that places are committed in order; a clock that was set back turns nothing round.
WITH new AS (
    SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::uuid[], $5::text[],
                         $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[],
                         $11::timestamptz[], $12::text[], $13::uuid[], $14::text[], $15::bytea[])
         WITH ORDINALITY
         AS new (topic, partition, "offset", event_id, stream, version, key, home_id, type, source,
                 recorded_at, correlation, causation, traceparent, body, nth)
), moved AS (
    INSERT INTO head (topic, partition, place, logged_at)
    SELECT topic, partition, count(*), clock_timestamp() FROM new
    GROUP BY topic, partition ORDER BY topic, partition
    ON CONFLICT (topic, partition) DO UPDATE
    SET place = head.place + excluded.place,
        logged_at = GREATEST(head.logged_at, excluded.logged_at)
    RETURNING topic, partition, COALESCE(old.place, 0) AS place, new.logged_at
)
INSERT INTO logged_event (topic, partition, place, "offset", event_id, stream, version, key,
                          home_id, type, source, recorded_at, correlation, causation, traceparent,
                          body, logged_at)
SELECT topic, partition,
       moved.place + row_number() OVER (PARTITION BY topic, partition ORDER BY nth),
       "offset", event_id, stream, version, key, home_id, type, source, recorded_at, correlation,
       causation, traceparent, body, moved.logged_at
FROM new JOIN moved USING (topic, partition)
"""

MATCHES: Final = """
    ($1::text[] IS NULL OR home_id = ANY($1)) AND ($2::text[] IS NULL OR type = ANY($2))
    AND ($3::text IS NULL OR topic = $3) AND ($4::text IS NULL OR correlation = $4)
    AND ($5::timestamptz IS NULL OR recorded_at >= $5)
    AND ($6::timestamptz IS NULL OR recorded_at < $6) AND ($7::text IS NULL OR stream = $7)
"""

NEWEST_PAGE: Final = (
    """
-- Events that match, newest first, before a place.
SELECT * FROM logged_event WHERE (recorded_at, event_id) < ($8, $9::uuid) AND """
    + MATCHES
    + "ORDER BY recorded_at DESC, event_id DESC LIMIT $10"
)

OLDEST_PAGE: Final = (
    """
-- Events that match, oldest first, after a place.
SELECT * FROM logged_event WHERE (recorded_at, event_id) > ($8, $9::uuid) AND """
    + MATCHES
    + "ORDER BY recorded_at, event_id LIMIT $10"
)

NAMING_ONE: Final = """
-- Events in which an id stands somewhere, whatever it is the id of, oldest first, after a place.
SELECT * FROM logged_event WHERE position(convert_to($1::text, 'UTF8') IN body) > 0
AND (recorded_at, event_id) > ($2, $3::uuid) ORDER BY recorded_at, event_id LIMIT $4
"""

ONE: Final = """
-- One event.
SELECT * FROM logged_event WHERE event_id = $1
"""

CAUSES: Final = """
-- What led to an event, from the root down to its own cause.
WITH RECURSIVE cause AS (
    SELECT causation AS event_id, 1 AS distance FROM logged_event WHERE event_id = $1
    UNION ALL
    SELECT causation, distance + 1 FROM cause JOIN logged_event USING (event_id)
    WHERE distance < $2
) CYCLE event_id SET repeated USING trail
SELECT event_id FROM cause JOIN logged_event USING (event_id)
WHERE NOT repeated ORDER BY distance DESC
"""

EFFECTS: Final = """
-- What answered an event directly.
SELECT event_id FROM logged_event WHERE causation = $1 ORDER BY recorded_at, event_id LIMIT $2
"""

OF_CORRELATION: Final = """
-- Everything that followed from one request, oldest first.
SELECT event_id FROM logged_event WHERE correlation = $1 ORDER BY recorded_at, event_id LIMIT $2
"""

THESE: Final = """
-- Events in the order of their ids here.
SELECT logged_event.* FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (event_id, nth)
JOIN logged_event USING (event_id) ORDER BY nth
"""

STREAM_PAGE: Final = """
-- A stream's events in order, in some homes (null: all), after a place.
SELECT * FROM logged_event WHERE stream = $1 AND ($2::text[] IS NULL OR home_id = ANY($2))
AND (topic, version) > ($3, $4::bigint) ORDER BY topic, version LIMIT $5
"""

STREAM_GAPS: Final = """
-- Versions of a stream that are not in the log, up to the last that it has heard of.
WITH heard AS (
    SELECT topic, version, false AS is_held FROM logged_event WHERE stream = $1
    UNION ALL SELECT topic, version, true FROM held WHERE stream = $1
), ranked AS (
    SELECT topic, version, is_held,
           lag(version, 1, 0::bigint) OVER (PARTITION BY topic ORDER BY version) AS before
    FROM heard
)
SELECT topic, before + 1 AS from_version, version - 1 AS through_version FROM ranked
WHERE version > before + 1 ORDER BY topic, version LIMIT $2
"""

STREAM_HELD: Final = """
-- Versions of a stream that wait for one before them.
SELECT topic, version, held_at FROM held WHERE stream = $1 ORDER BY topic, version LIMIT $2
"""

HEADS: Final = """
-- How far each partition has been logged.
SELECT topic, partition, place FROM head
"""

OF_WINDOWS: Final = (
    """
-- Events of some runs of places that match, each partition's in their order.
SELECT logged_event.* FROM unnest($8::text[], $9::int[], $10::bigint[], $11::bigint[])
     AS run (of_topic, of_partition, after, through)
JOIN logged_event ON (topic, partition) = (of_topic, of_partition)
     AND place > after AND place <= through
WHERE """
    + MATCHES
    + "ORDER BY logged_at, topic, partition, place"
)

COUNT_OF_WINDOWS: Final = (
    """
-- How many events of some runs of places match.
SELECT count(*) FROM unnest($8::text[], $9::int[], $10::bigint[], $11::bigint[])
     AS run (of_topic, of_partition, after, through)
JOIN logged_event ON (topic, partition) = (of_topic, of_partition)
     AND place > after AND place <= through
WHERE """
    + MATCHES
)
