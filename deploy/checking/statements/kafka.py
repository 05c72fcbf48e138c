"""What is read from Kafka, held against what its owner has told, batch by batch."""

from typing import Final

PREPARE: Final = """
-- Where each event of a topic stands in Kafka: first, and again.
CREATE TEMP TABLE {place} (
    event_id uuid PRIMARY KEY, stream text NOT NULL, version bigint NOT NULL,
    partition integer NOT NULL, "offset" bigint NOT NULL, digest bytea NOT NULL
);
CREATE TEMP TABLE {repeat} (
    event_id uuid NOT NULL, partition integer NOT NULL, "offset" bigint NOT NULL
);
"""

PREPARE_TOLD: Final = """
-- What Kafka alone tells, where no event table speaks for it.
CREATE TEMP TABLE {told} (
    position bigint GENERATED ALWAYS AS IDENTITY, event_id uuid PRIMARY KEY,
    stream text NOT NULL, version bigint NOT NULL,
    key text NOT NULL, type text NOT NULL, body bytea NOT NULL, recorded_at timestamptz NOT NULL,
    correlation text NOT NULL, causation uuid, traceparent text
);
CREATE TEMP TABLE {outbox} (position bigint);
"""

_HEARD: Final = """
WITH heard AS MATERIALIZED (
    SELECT "offset", event_id, stream, version, type, key, recorded_at::timestamptz, correlation,
           causation, traceparent, source, body, digest
    FROM unnest($3::bigint[], $4::uuid[], $5::text[], $6::bigint[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::uuid[], $12::text[], $13::text[], $14::bytea[],
                $15::bytea[])
         AS heard ("offset", event_id, stream, version, type, key, recorded_at, correlation,
                   causation, traceparent, source, body, digest)
), known AS MATERIALIZED (
    SELECT heard.*, told.event_id IS NOT NULL AS is_told, place.event_id IS NOT NULL AS is_repeat,
           place.partition AS first_in, concat_ws(', ',
               CASE WHEN told.stream <> heard.stream THEN 'stream' END,
               CASE WHEN told.version <> heard.version THEN 'version' END,
               CASE WHEN told.type <> heard.type THEN 'type' END,
               CASE WHEN told.key <> heard.key THEN 'key' END,
               CASE WHEN told.recorded_at <> heard.recorded_at THEN 'time' END,
               CASE WHEN told.correlation <> heard.correlation THEN 'correlation' END,
               CASE WHEN told.causation IS DISTINCT FROM heard.causation THEN 'causation' END,
               CASE WHEN told.traceparent IS DISTINCT FROM heard.traceparent
                   THEN 'traceparent' END,
               CASE WHEN heard.source <> $16 THEN 'source' END,
               CASE WHEN told.body <> heard.body THEN 'body' END
           ) AS others
    FROM heard
    LEFT JOIN {told} AS told USING (event_id) LEFT JOIN {place} AS place USING (event_id)
), placed AS (
    INSERT INTO {place} SELECT event_id, stream, version, $2, "offset", digest FROM known
    WHERE {counts} AND NOT is_repeat
), repeated AS (
    INSERT INTO {repeat} SELECT event_id, $2, "offset" FROM known WHERE {counts} AND is_repeat
)"""

_NAMED: Final = """
SELECT kind, concat_ws('/', $1::text, $2::int, "offset") AS "where", expected,
       format('%s %s, version %s of %s%s', type, event_id, version, stream, more) AS found
FROM known CROSS JOIN LATERAL (VALUES
    ('phantom', 'an event of the table', '', NOT is_told AND {counts_told}),
    ('altered', 'the event as it was told first', ', but another ' || others,
     is_told AND others <> ''),
    ('reordered', format('%s in %s', stream, first_in), '', first_in <> $2)
) AS named (kind, expected, more, is_so)
WHERE (NOT is_told OR others <> '' OR first_in <> $2) AND is_so ORDER BY "offset"
"""

HEARD: Final = (
    "-- A batch of one partition's records: each is what the event table says."
    + _HEARD.replace("{counts}", "is_told")
    + _NAMED.replace("{counts_told}", "true")
)

TOLD: Final = (
    "-- A batch of one partition's records of a topic without a table: the first telling counts."
    + _HEARD.replace("{counts}", "true")
    + """, told_now AS (
    INSERT INTO {told} (event_id, stream, version, key, type, body, recorded_at, correlation,
                        causation, traceparent)
    SELECT event_id, stream, version, key, type, body, recorded_at, correlation, causation,
           traceparent
    FROM known WHERE NOT is_told
)"""
    + _NAMED.replace("{counts_told}", "false")
)

IN_ORDER: Final = """
-- Each stream is counted from 1 without gaps, under one key, in the order in which it was saved;
-- in Kafka it stands in that order and in one partition, or waits to be sent.
SELECT kind, "where", expected, found
FROM (
    SELECT told.event_id, told.type, told.stream, told.version, told.key, told.position,
           place.partition, place."offset", outbox.position AS unsent,
           lag(told.version, 1, 0::bigint) OVER by_version AS version_before,
           lag(told.position) OVER by_version AS position_before,
           lag(told.key) OVER by_version AS key_before,
           lag(place.partition) OVER by_version AS partition_before,
           lag(place."offset") OVER by_version AS offset_before
    FROM {told} AS told LEFT JOIN {place} AS place USING (event_id)
    LEFT JOIN {outbox} AS outbox USING (position)
    WINDOW by_version AS (PARTITION BY told.stream ORDER BY told.version)
) AS told CROSS JOIN LATERAL (
    SELECT format('%s %s, version %s of %s', type, event_id, version, stream) AS event,
           concat_ws('/', $1::text, partition, "offset") AS at
) AS said CROSS JOIN LATERAL (VALUES
    ('lost', format('version %s of %s', version_before + 1, stream), 'an event',
     format('none before %s', event_id), version > version_before + 1),
    ('doubled', at, format('one event alone as version %s of %s', version, stream), event,
     version = version_before),
    ('reordered', format('event table, %s', event), format('after version %s', version_before),
     'before it', {has_table} AND position < position_before),
    ('reordered', at, format('version %s of %s after version %s', version, stream, version_before),
     format('before it, which is at %s', offset_before),
     partition = partition_before AND "offset" < offset_before),
    ('reordered', at, format('%s in %s', stream, partition_before), event,
     partition <> partition_before),
    ('altered', format('key of %s', event), key_before, key, key <> key_before),
    ('unsent', event, 'in Kafka', 'in the outbox', unsent IS NOT NULL),
    ('lost', event, 'in Kafka', 'nowhere in its topic', partition IS NULL AND unsent IS NULL)
) AS named (kind, "where", expected, found, is_so)
WHERE (version <> version_before + 1 OR {has_table} AND position < position_before
       OR "offset" < offset_before
       OR partition <> partition_before OR key <> key_before OR partition IS NULL
       OR unsent IS NOT NULL)
AND is_so ORDER BY stream, version
"""
