"""The checker's statements about how everything stands, and about what clients were answered."""

from typing import Final

SERVICES: Final = """
-- Schemas that hold a service: they have an event table and an outbox. A second ledger is none.
SELECT nspname AS name FROM pg_namespace
WHERE to_regclass(format('%I.event', nspname)) IS NOT NULL
AND to_regclass(format('%I.outbox', nspname)) IS NOT NULL AND nspname <> 'ledger_rebuild'
ORDER BY nspname
"""

STANDING: Final = """
-- How much a service has told, how much of it Kafka has not acknowledged, how much it holds back.
SELECT (SELECT count(*) FROM {service}.event) AS events,
       (SELECT count(*) FROM {service}.outbox) AS unsent,
       (SELECT count(*) FROM {service}.held) AS held
"""

OFFSETS: Final = """
-- How far a service has come with what it hears.
SELECT topic, partition, next_offset, last_event_id FROM {service}.consumer_offset
"""

REQUESTED_IN_VAIN: Final = """
-- Events that an answer names and that are not there.
SELECT 'lost' AS kind, format('answer to %s, key %s', organisation_id, idempotency_key) AS "where",
       format('event %s', named.event_id) AS expected, 'no such event' AS found
FROM {service}.request,
     jsonb_array_elements_text(COALESCE(answer->'event_ids', '[]')) AS named (event_id)
WHERE NOT EXISTS (
    SELECT FROM {service}.event AS event WHERE event.event_id = named.event_id::uuid
) ORDER BY organisation_id, idempotency_key
"""

LACKING: Final = """
-- Events that a client was told of, and where they are not.
SELECT 'lost' AS kind, format('accepted event %s (key %s)', event_id, told.key) AS "where",
       'everywhere' AS expected, 'not in ' || array_to_string(places, ', ') AS found
FROM unnest($1::text[], $2::uuid[]) AS told (key, event_id)
CROSS JOIN LATERAL (SELECT array_remove(ARRAY[{places}], NULL) AS places) AS lacking
WHERE places <> '{}' ORDER BY event_id
"""

LACKING_IN: Final = """
    CASE WHEN NOT EXISTS (SELECT FROM {table} AS it WHERE it.event_id = told.event_id)
         THEN '{name}' END"""

CORRELATED: Final = """
-- What requests have brought about directly, by their correlation.
SELECT correlation, array_agg(event_id) AS event_ids FROM {service}.event
WHERE causation IS NULL AND correlation = ANY($1::text[]) GROUP BY 1
"""

ANSWERED: Final = """
-- What an idempotency key was answered with.
SELECT idempotency_key, ARRAY(SELECT jsonb_array_elements_text(answer->'event_ids')) AS event_ids
FROM {service}.request WHERE idempotency_key = ANY($1::text[])
"""

TOPICS_OF: Final = """
-- The topics that a table names.
SELECT DISTINCT topic FROM {table}
"""
