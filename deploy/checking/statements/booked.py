"""What the ledger has booked of a topic: links, entries, and what moved nothing."""

from typing import Final

MOVEMENT: Final = """resource text, month text, moved_from text, moved_to text, quantity bigint,
    organisation_id text, commitment_id text, delivery_id text, delivery_version bigint"""

# An entry in the bytes in which our own services write a movement that is an event's only one.
_ALONE: Final = """convert_to(concat(
    '{"movements":[{"resource":"', entry.resource, '","month":"', entry.month,
    '","moved_from":"', entry.moved_from, '","moved_to":"', entry.moved_to,
    '","quantity":', entry.quantity,
    ',"organisation_id":"' || entry.organisation_id || '"',
    ',"commitment_id":"' || entry.commitment_id || '"',
    ',"delivery_id":"' || entry.delivery_id || '"',
    ',"delivery_version":' || entry.delivery_version, '}],'), 'UTF8')"""

BOOKED: Final = (
    """
-- Each link stands for one event, and its entries for the event's movements, in their order. Most
-- events move once, and their bodies begin with it: only the others' are parsed.
WITH checked AS MATERIALIZED (
    SELECT link.home_id, link.number, link.event_id, link.version AS link_version,
           link.stream AS link_stream, told.type, told.version, told.stream, told.body,
           told.event_id IS NULL AS is_phantom, concat_ws(', ',
               CASE WHEN told.key <> link.home_id THEN 'home' END,
               CASE WHEN told.type <> link.type THEN 'type' END,
               CASE WHEN told.stream <> link.stream THEN 'stream' END,
               CASE WHEN told.version <> link.version THEN 'version' END,
               CASE WHEN told.correlation <> link.correlation THEN 'correlation' END,
               CASE WHEN told.causation IS DISTINCT FROM link.causation THEN 'causation' END,
               CASE WHEN told.recorded_at <> link.recorded_at THEN 'time' END
           ) AS others
    FROM ledger.link AS link LEFT JOIN {told} AS told USING (event_id)
    LEFT JOIN ledger.entry AS entry
         ON (entry.home_id, entry.number) = (link.home_id, link.number) AND entry.position = 1
    WHERE link.topic = $1 AND (
        told.event_id IS NULL
        OR told.key <> link.home_id OR told.type <> link.type OR told.stream <> link.stream
        OR told.version <> link.version OR told.correlation <> link.correlation
        OR told.causation IS DISTINCT FROM link.causation OR told.recorded_at <> link.recorded_at
        OR entry.position IS NULL
        OR concat(entry.organisation_id, entry.commitment_id, entry.delivery_id) LIKE '%"%'
        OR position("""
    + _ALONE
    + """ IN told.body) <> 1
        OR (link.home_id, link.number) IN (
            SELECT home_id, number FROM ledger.entry WHERE position <> 1
        )
    )
), moved AS (
    SELECT home_id, number, position, format('%s %s, version %s of %s', checked.type, event_id,
               version, stream) AS event,
           (resource, month, moved_from, moved_to, quantity, organisation_id, commitment_id,
            delivery_id, delivery_version)::text AS movement
    FROM checked CROSS JOIN LATERAL ROWS FROM (
        jsonb_to_recordset(COALESCE(convert_from(body, 'UTF8')::jsonb -> 'movements', '[]'))
            AS ("""
    + MOVEMENT
    + """)
    ) WITH ORDINALITY AS moved (resource, month, moved_from, moved_to, quantity, organisation_id,
                                commitment_id, delivery_id, delivery_version, position)
    WHERE NOT is_phantom
), entered AS (
    SELECT entry.home_id, entry.number, position, (resource, month, moved_from, moved_to, quantity,
               organisation_id, commitment_id, delivery_id, delivery_version)::text AS movement
    FROM (SELECT DISTINCT home_id, number FROM checked WHERE NOT is_phantom) AS looked_into
    CROSS JOIN LATERAL (
        SELECT * FROM ledger.entry
        WHERE (entry.home_id, entry.number) = (looked_into.home_id, looked_into.number) OFFSET 0
    ) AS entry
)
SELECT kind, "where", expected, found FROM (
    SELECT home_id, number, 0::bigint AS position,
           CASE WHEN is_phantom THEN 'phantom' ELSE 'altered' END AS kind,
           format('link %s/%s', home_id, number) AS "where",
           CASE WHEN is_phantom THEN 'an event of its owner'
                ELSE format('%s %s, version %s of %s', type, event_id, version, stream) END
               AS expected,
           CASE WHEN is_phantom
                THEN format('%s, version %s of %s', event_id, link_version, link_stream)
                ELSE format('another %s', others) END AS found
    FROM checked WHERE is_phantom OR others <> ''
    UNION ALL
    SELECT home_id, number, position,
           CASE WHEN entered.movement IS NULL THEN 'lost'
                WHEN moved.movement IS NULL THEN 'phantom' ELSE 'altered' END,
           concat_ws(', of ', format('entry %s/%s/%s', home_id, number, position), moved.event),
           COALESCE(moved.movement, 'no such movement'), COALESCE(entered.movement, 'no entry')
    FROM moved FULL JOIN entered USING (home_id, number, position)
    WHERE moved.movement IS DISTINCT FROM entered.movement
    UNION ALL
    SELECT home_id, number, 0, 'altered', format('link %s/%s', home_id, number),
           format('no link: %s moves nothing', event_id), 'a link'
    FROM checked
    WHERE NOT is_phantom
    AND NOT EXISTS (SELECT FROM moved WHERE (moved.home_id, moved.number) = (checked.home_id,
                                                                            checked.number))
) AS difference ORDER BY home_id, number, position
"""
)

DIGESTS: Final = """
-- Each link's digest is of the very bytes that Kafka holds.
SELECT 'altered' AS kind, format('digest of link %s/%s', link.home_id, link.number) AS "where",
       encode(place.digest, 'hex') AS expected,
       COALESCE(encode(link.digest, 'hex'), 'none') AS found
FROM ledger.link AS link JOIN {place} AS place USING (event_id)
WHERE link.topic = $1 AND link.digest IS DISTINCT FROM place.digest
ORDER BY link.home_id, link.number
"""

TWICE: Final = """
-- No event is booked twice.
SELECT 'doubled' AS kind, format('link %s/%s', link.home_id, link.number) AS "where",
       {event} || ' booked once' AS expected, 'booked again' AS found
FROM (
    SELECT event_id FROM ledger.link GROUP BY event_id HAVING count(*) > 1
) AS twice JOIN ledger.link AS link USING (event_id)
ORDER BY link.home_id, link.number DESC
"""

LINKED: Final = """
-- What was booked has a link, and nothing else has one; both say alike where it stood.
SELECT kind, "where", expected, found
FROM ledger.outcome AS outcome FULL JOIN ledger.link AS link USING (event_id)
CROSS JOIN LATERAL (VALUES
    ('lost', {event}, 'a link in its home''s chain', 'none',
     outcome.outcome = 'booked' AND link.event_id IS NULL),
    ('altered', format('outcome of %s, link %s/%s', event_id, link.home_id, link.number), 'booked',
     COALESCE(outcome.outcome, 'none'), link.event_id IS NOT NULL
     AND outcome.outcome IS DISTINCT FROM 'booked'),
    ('altered', format('place of the outcome of %s, link %s/%s', event_id, link.home_id,
                       link.number),
     concat_ws('/', link.topic, link.partition, link."offset"),
     concat_ws('/', outcome.topic, outcome.partition, outcome."offset"),
     (link.topic, link.partition, link."offset")
     <> (outcome.topic, outcome.partition, outcome."offset"))
) AS named (kind, "where", expected, found, is_so)
WHERE ((COALESCE(outcome.outcome, '') = 'booked') <> (link.event_id IS NOT NULL)
       OR link."offset" <> outcome."offset" OR link.partition <> outcome.partition
       OR link.topic <> outcome.topic)
AND is_so ORDER BY link.home_id, link.number, event_id
"""

UNBOOKED: Final = """
-- What was not booked moves nothing; what became of it, and the note of it, are right.
WITH unbooked AS (
    SELECT told.event_id, told.type, told.version, told.stream, told.recorded_at, told.body,
           outcome.outcome, CASE
               WHEN $1 <> 'yui.organisations.v1' AND told.type <> 'homes.BusinessDateAdvanced.v1'
                   THEN 'no_movement'
               WHEN told.type = ANY ($2::text[]) THEN 'applied' ELSE 'ignored'
           END AS expected, noted.event_id IS NOT NULL AS is_noted, noted.type AS noted_type,
           noted.recorded_at AS noted_at
    FROM {told} AS told JOIN ledger.outcome AS outcome USING (event_id)
    LEFT JOIN ledger.unmoved AS noted USING (event_id)
    WHERE outcome.topic = $1 AND outcome.outcome NOT IN ('booked', 'discarded')
)
SELECT kind, "where", expected, found FROM (
    SELECT event_id, 'altered' AS kind, format('outcome of %s %s', type, event_id) AS "where",
           expected, outcome AS found
    FROM unbooked WHERE outcome <> expected
    UNION ALL
    SELECT event_id, CASE WHEN is_noted THEN 'altered' ELSE 'lost' END,
           format('note that %s moved nothing', event_id), format('%s at %s', type, recorded_at),
           CASE WHEN is_noted THEN format('%s at %s', noted_type, noted_at) ELSE 'none' END
    FROM unbooked WHERE $1 <> 'yui.organisations.v1'
    AND (noted_type, noted_at) IS DISTINCT FROM (type, recorded_at)
    UNION ALL
    SELECT event_id, 'lost', format('%s %s, version %s of %s', type, event_id, version, stream),
           'a link in its home''s chain', format('%s, as if it moved nothing', outcome)
    FROM unbooked WHERE substring(body, 1, 15) <> convert_to('{"movements":[]', 'UTF8')
    AND jsonb_array_length(COALESCE(convert_from(body, 'UTF8')::jsonb -> 'movements', '[]')) > 0
) AS difference ORDER BY event_id
"""

NOTED: Final = """
-- Nothing is noted as moving nothing that was not decided on, or was booked, or is the register's.
SELECT 'phantom' AS kind, format('note that %s moved nothing', noted.event_id) AS "where",
       'an event that moved nothing' AS expected,
       format('%s, %s', noted.type, COALESCE(outcome.outcome, 'of no event')) AS found
FROM ledger.unmoved AS noted LEFT JOIN ledger.outcome AS outcome USING (event_id)
WHERE outcome.event_id IS NULL OR outcome.outcome IN ('booked', 'discarded')
OR outcome.topic = 'yui.organisations.v1'
ORDER BY noted.event_id
"""

ENTRIES_WITHOUT_LINK: Final = """
-- No entry is of no event.
SELECT 'phantom' AS kind, format('entry %s/%s/%s', home_id, number, position) AS "where",
       'a link' AS expected, 'none' AS found
FROM ledger.entry AS entry
WHERE NOT EXISTS (
    SELECT FROM ledger.link WHERE (link.home_id, link.number) = (entry.home_id, entry.number)
) ORDER BY home_id, number, position
"""
