"""What is read from Kafka, held against what its owner has told, batch by batch."""

from typing import Final

PREPARE: Final = """
-- Where each event of a topic stands in Kafka: first, and again. No index is kept while it is
-- filled: that would cost as much as all the rest.
CREATE TEMP TABLE {place} (
    event_id uuid NOT NULL, partition integer NOT NULL, "offset" bigint NOT NULL,
    digest bytea NOT NULL, is_told boolean NOT NULL, difference text
);
CREATE TEMP TABLE {repeat} (
    event_id uuid NOT NULL, partition integer NOT NULL, "offset" bigint NOT NULL, difference text
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

_BATCH: Final = """unnest($2::bigint[], $3::uuid[], $4::text[], $5::bytea[], $6::bytea[])
    AS heard ("offset", event_id, told_as, body, digest)"""

# What a record says of an event beside its body, as the checker joins it: see `kafka_log`.
_FIELDS: Final = (
    "stream",
    "version",
    "type",
    "key",
    "recorded_at",
    "correlation",
    "causation",
    "traceparent",
    "source",
)


def _field(name: str) -> str:
    return f"split_part(heard.told_as, E'\\x1f', {_FIELDS.index(name) + 1})"


_TOLD_AS: Final = f"""concat_ws(E'\\x1f', told.stream, told.version, told.type, told.key,
        to_char(told.recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'), told.correlation,
        COALESCE(told.causation::text, ''), COALESCE(told.traceparent, ''),
        COALESCE($7::text, {_field("source")}))"""

_EVENT: Final = f"""format('%s %s, version %s of %s', {_field("type")}, heard.event_id,
            {_field("version")}, {_field("stream")})"""

_DIFFERENCE: Final = f"""CASE
        WHEN told.event_id IS NULL THEN {_EVENT}
        WHEN heard.told_as = {_TOLD_AS} AND told.body = heard.body THEN NULL
        -- A time may be written in more than one way, and a source is not always known.
        ELSE {_EVENT} || NULLIF(', but another ' || concat_ws(', ',
            CASE WHEN told.stream <> {_field("stream")} THEN 'stream' END,
            CASE WHEN told.version <> {_field("version")}::bigint THEN 'version' END,
            CASE WHEN told.type <> {_field("type")} THEN 'type' END,
            CASE WHEN told.key <> {_field("key")} THEN 'key' END,
            CASE WHEN told.recorded_at <> {_field("recorded_at")}::timestamptz THEN 'time' END,
            CASE WHEN told.correlation <> {_field("correlation")} THEN 'correlation' END,
            CASE WHEN COALESCE(told.causation::text, '') <> {_field("causation")}
                THEN 'causation' END,
            CASE WHEN COALESCE(told.traceparent, '') <> {_field("traceparent")}
                THEN 'traceparent' END,
            CASE WHEN {_field("source")} <> $7::text THEN 'source' END,
            CASE WHEN told.body <> heard.body THEN 'body' END), ', but another ')
    END"""

TOLD: Final = f"""
-- Where no table speaks for a topic, the first telling of each event counts.
INSERT INTO {{told}} (event_id, stream, version, key, type, body, recorded_at, correlation,
                    causation, traceparent)
SELECT event_id, {_field("stream")}, {_field("version")}::bigint, {_field("key")},
       {_field("type")}, body, {_field("recorded_at")}::timestamptz, {_field("correlation")},
       NULLIF({_field("causation")}, '')::uuid, NULLIF({_field("traceparent")}, '')
FROM {_BATCH}
WHERE $1::int IS NOT NULL AND digest IS NOT NULL AND $7::text IS NULL
ON CONFLICT DO NOTHING
"""

HEARD: Final = f"""
-- A batch of one partition's records, each beside what was told.
INSERT INTO {{place}}
SELECT heard.event_id, $1, "offset", digest, told.event_id IS NOT NULL, {_DIFFERENCE}
FROM {_BATCH} LEFT JOIN {{told}} AS told USING (event_id)
"""

REPEATED: Final = """
-- Whether any event stands in Kafka more than once.
SELECT EXISTS (SELECT FROM {place} GROUP BY event_id HAVING count(*) > 1)
"""

SET_ASIDE: Final = """
-- The first of an event's places counts; the others are its repeats.
WITH again AS (
    DELETE FROM {place} WHERE ctid IN (
        SELECT at FROM (
            SELECT ctid AS at, row_number() OVER (
                PARTITION BY event_id ORDER BY partition, "offset"
            ) AS time FROM {place}
        ) AS placed WHERE time > 1
    ) RETURNING *
)
INSERT INTO {repeat} SELECT event_id, partition, "offset", difference FROM again
"""

COMPARED: Final = """
-- What Kafka holds is what was told, and an event's repeats are in its partition.
SELECT kind, concat_ws('/', $1::text, partition, "offset") AS "where", expected, found
FROM (
    SELECT CASE WHEN is_told THEN 'altered' ELSE 'phantom' END AS kind, partition, "offset",
           CASE WHEN is_told THEN 'the event as it was told first'
                ELSE 'an event of the table' END AS expected, difference AS found
    FROM {place} WHERE difference IS NOT NULL
    UNION ALL
    SELECT CASE WHEN is_told THEN 'altered' ELSE 'phantom' END, again.partition, again."offset",
           CASE WHEN is_told THEN 'the event as it was told first'
                ELSE 'an event of the table' END, again.difference
    FROM {repeat} AS again JOIN {place} AS place USING (event_id)
    WHERE again.difference IS NOT NULL
    UNION ALL
    SELECT 'reordered', again.partition, again."offset",
           format('%s in %s', told.stream, place.partition),
           format('%s, version %s of %s', event_id, told.version, told.stream)
    FROM {repeat} AS again JOIN {place} AS place USING (event_id)
    JOIN {told} AS told USING (event_id)
    WHERE again.partition <> place.partition
) AS compared ORDER BY partition, "offset"
"""

FORGET: Final = """
-- What was never told is no place of an event.
DELETE FROM {place} WHERE NOT is_told
"""

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
