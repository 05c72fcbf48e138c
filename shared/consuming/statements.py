"""Every SQL statement of the consumer runtime."""

from typing import Final

KNOW_PARTITIONS: Final = """
-- A row for each partition that is heard for the first time.
INSERT INTO consumer_offset (topic, partition)
SELECT * FROM unnest($1::text[], $2::int[]) ON CONFLICT DO NOTHING
"""

READ_OFFSETS: Final = """
-- How far these partitions have been applied.
SELECT topic, partition, next_offset, last_event_id FROM consumer_offset
WHERE (topic, partition) IN (SELECT * FROM unnest($1::text[], $2::int[]))
"""

LOCK_OFFSETS: Final = READ_OFFSETS + "ORDER BY topic, partition FOR UPDATE"

MOVE_OFFSETS: Final = """
-- The batch's effects and this are one transaction.
UPDATE consumer_offset SET next_offset = moved.next_offset, last_event_id = moved.last_event_id
FROM unnest($1::text[], $2::int[], $3::bigint[], $4::uuid[])
     AS moved (topic, partition, next_offset, last_event_id)
WHERE (consumer_offset.topic, consumer_offset.partition) = (moved.topic, moved.partition)
"""

READ_STREAMS: Final = """
-- The last version applied of these streams, and whether anything at all is held or parked.
SELECT topic, stream, version, event_id,
       EXISTS (SELECT FROM held) OR EXISTS (SELECT FROM parked) AS something_waits
FROM unnest($1::text[], $2::text[]) AS asked (topic, stream)
LEFT JOIN consumer_stream USING (topic, stream)
"""

LAST_VERSION: Final = """
-- The last version applied of one stream.
SELECT version FROM consumer_stream WHERE topic = $1 AND stream = $2
"""

MOVE_STREAMS: Final = """
-- These versions have been applied.
INSERT INTO consumer_stream AS known (topic, stream, version, event_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[])
ORDER BY 1, 2
ON CONFLICT (topic, stream) DO UPDATE
SET version = excluded.version, event_id = excluded.event_id
"""

KNOWN_EVENTS: Final = """
-- Which of these events have been decided on before.
SELECT event_id FROM outcome WHERE event_id = ANY($1::uuid[])
"""

OUTCOME_COLUMNS: Final = ("event_id", "outcome", "topic", "partition", "offset")

DECIDE: Final = """
-- What became of each event; a second time is an error.
INSERT INTO outcome (event_id, outcome, topic, partition, "offset")
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::bigint[])
"""

DISCARD: Final = """
-- An event is given up, unless its id was used by another that was decided on.
INSERT INTO outcome (event_id, outcome, topic, partition, "offset")
VALUES ($1, 'discarded', $2, $3, $4) ON CONFLICT DO NOTHING
"""

BLOCKED_KEYS: Final = """
-- Keys whose head is parked.
SELECT DISTINCT topic, partition, key FROM parked
WHERE (topic, partition) IN (SELECT * FROM unnest($1::text[], $2::int[]))
"""

PARK: Final = """
-- Sets a record aside, with the reason; what is parked already stays as old as it was.
INSERT INTO parked (topic, partition, "offset", key, event_id, reason, detail, headers, body)
SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bytea[], $5::uuid[], $6::text[],
                     $7::text[], $8::jsonb[], $9::bytea[])
ON CONFLICT (topic, partition, "offset")
DO UPDATE SET reason = excluded.reason, detail = excluded.detail
"""

UNHOLD: Final = """
-- Parked when their turn came, these wait no longer.
DELETE FROM held WHERE (topic, partition, "offset")
IN (SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[]))
"""

HOLD: Final = """
-- Keeps an event until its predecessor comes.
INSERT INTO held (topic, stream, version, event_id, partition, "offset", key, headers, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[], $5::int[], $6::bigint[],
                     $7::bytea[], $8::jsonb[], $9::bytea[])
ON CONFLICT DO NOTHING
"""

HELD_OF: Final = """
-- What waits in these streams.
SELECT topic, stream, version, partition, "offset", key, headers, body FROM held
WHERE (topic, stream) IN (SELECT * FROM unnest($1::text[], $2::text[]))
ORDER BY topic, stream, version
"""

RELEASE_HELD: Final = """
-- The gap before these has closed.
DELETE FROM held WHERE (topic, stream) IN (SELECT * FROM unnest($1::text[], $2::text[]))
AND version <= (SELECT version FROM consumer_stream s
                WHERE (s.topic, s.stream) = (held.topic, held.stream))
"""

FORGET_OFFSETS: Final = """
-- A topic is read from its beginning again; its streams' versions drop what was applied.
UPDATE consumer_offset SET next_offset = 0, last_event_id = NULL WHERE topic = $1
"""

FORGET_HELD: Final = """
-- What waited comes again with the topic.
DELETE FROM held WHERE topic = $1
"""

FORGET_PARKED: Final = """
-- What was parked comes again with the topic, at another offset; that it was dropped stays known.
WITH dropped AS (DELETE FROM parked WHERE topic = $1 RETURNING *)
INSERT INTO parked_action (topic, partition, "offset", event_id, action, reason, acted_by)
SELECT topic, partition, "offset", event_id, 'retried', $2, $3 FROM dropped
"""

WAITING: Final = """
-- How much is held and parked, and since when, in seconds.
SELECT (SELECT count(*) FROM held) AS held, (SELECT count(*) FROM parked) AS parked,
       extract(epoch FROM clock_timestamp() - (SELECT min(held_at) FROM held))::float8 AS held_s,
       extract(epoch FROM clock_timestamp() - (SELECT min(parked_at) FROM parked))::float8
           AS parked_s
"""

PARKED_PAGE: Final = """
-- Parked records, oldest first, after an id; whether each is the head of its key.
SELECT parked.*, NOT EXISTS (
    SELECT FROM parked earlier
    WHERE (earlier.topic, earlier.partition) = (parked.topic, parked.partition)
    AND earlier.key IS NOT DISTINCT FROM parked.key AND earlier."offset" < parked."offset"
) AS is_head
FROM parked WHERE parked_id > $1 ORDER BY parked_id LIMIT $2
"""

PARKED_ONE: Final = """
-- One parked record.
SELECT parked.*, NOT EXISTS (
    SELECT FROM parked earlier
    WHERE (earlier.topic, earlier.partition) = (parked.topic, parked.partition)
    AND earlier.key IS NOT DISTINCT FROM parked.key AND earlier."offset" < parked."offset"
) AS is_head
FROM parked WHERE parked_id = $1
"""

PARKED_OF_KEY: Final = """
-- All parked records of a key, oldest first.
SELECT * FROM parked
WHERE topic = $1 AND partition = $2 AND key IS NOT DISTINCT FROM $3 ORDER BY "offset"
"""

UNPARK: Final = """
-- These records are parked no longer.
DELETE FROM parked WHERE parked_id = ANY($1::bigint[])
"""

RECORD_ACTION: Final = """
-- What an operator did about a parked record, and why.
INSERT INTO parked_action (topic, partition, "offset", event_id, action, reason, acted_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

ACTIONS_PAGE: Final = """
-- What operators did, newest first.
SELECT * FROM parked_action WHERE action_id < $1 ORDER BY action_id DESC LIMIT $2
"""
