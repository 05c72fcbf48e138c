"""What became of a topic's events with one of those who hear it."""

from typing import Final

OUTCOMES: Final = """
-- Each event that was passed has an outcome there or waits, and no outcome is of no event.
SELECT kind, "where", expected, found
FROM {place} AS place
FULL JOIN (SELECT * FROM {listener}.outcome WHERE topic = $1) AS outcome USING (event_id)
LEFT JOIN (
    SELECT event_id FROM {listener}.held WHERE topic = $1
    UNION SELECT event_id FROM {listener}.parked WHERE topic = $1
) AS waiting USING (event_id)
LEFT JOIN {listener}.consumer_offset AS reached
     ON reached.topic = $1 AND reached.partition = place.partition
CROSS JOIN LATERAL (VALUES
    ('phantom', format('outcome of %s', event_id), format('an event of %s', $1::text), 'none',
     place.event_id IS NULL),
    ('lost', format('%s, at %s', {event},
                    concat_ws('/', $1::text, place.partition, place."offset")),
     'an outcome', 'none, and passed over', outcome.event_id IS NULL),
    ('altered', format('place of the outcome of %s', event_id),
     concat_ws('/', $1::text, place.partition, place."offset"),
     concat_ws('/', $1::text, outcome.partition, outcome."offset"),
     (place.partition, place."offset") <> (outcome.partition, outcome."offset")
     AND outcome.decided_at > {reread}
     AND NOT EXISTS (
         SELECT FROM {repeat} AS repeat
         WHERE (repeat.event_id, repeat.partition, repeat."offset")
             = (outcome.event_id, outcome.partition, outcome."offset")
     ))
) AS named (kind, "where", expected, found, is_so)
WHERE (place.event_id IS NULL
       OR outcome.event_id IS NULL AND waiting.event_id IS NULL
          AND reached.next_offset > place."offset"
       OR place.partition <> outcome.partition OR place."offset" <> outcome."offset")
AND is_so ORDER BY place.partition, place."offset", event_id
"""

DISCARDED: Final = """
-- Whatever was given up was given up by an operator, with a reason.
SELECT 'lost' AS kind, format('discard of %s', event_id) AS "where",
       'an operator''s reason' AS expected, 'none' AS found
FROM {listener}.outcome AS outcome
WHERE outcome = 'discarded' AND NOT EXISTS (
    SELECT FROM {listener}.parked_action AS acted
    WHERE acted.event_id = outcome.event_id AND action = 'discarded'
) ORDER BY event_id
"""

WAITING: Final = """
-- What waits for its predecessor, and what could not be applied.
SELECT 'held' AS kind, concat_ws('/', topic, partition, "offset") AS "where",
       'applied' AS expected,
       format('version %s of %s waits for its predecessor', version, stream) AS found
FROM {listener}.held
UNION ALL
SELECT 'parked', concat_ws('/', topic, partition, "offset"), 'applied',
       format('%s: %s', reason, left(detail, 200))
FROM {listener}.parked
ORDER BY 1, 2
"""

STREAMS: Final = """
-- The last version applied of each stream is the last that was decided on. Versions count from 1:
-- where each is its event's, and all come to as many as were decided on, each is the last.
SELECT CASE WHEN applied.stream IS NULL THEN 'lost' ELSE 'altered' END AS kind,
       format('last version applied of %s', COALESCE(last.stream, applied.stream)) AS "where",
       COALESCE(last.version::text, 'none') AS expected,
       COALESCE(format('%s, %s', applied.version, applied.event_id), 'none') AS found
FROM (
    SELECT told.stream, max(told.version) AS version
    FROM {told} AS told JOIN {place} AS place USING (event_id)
    JOIN {listener}.outcome AS outcome USING (event_id)
    WHERE outcome.topic = $1 GROUP BY told.stream
) AS last
FULL JOIN (SELECT * FROM {listener}.consumer_stream WHERE topic = $1) AS applied
     ON applied.stream = last.stream
LEFT JOIN {told} AS named ON named.event_id = applied.event_id
WHERE (last.version, last.stream, last.version)
      IS DISTINCT FROM (applied.version, named.stream, named.version)
AND NOT EXISTS (SELECT FROM {listener}.held WHERE topic = $1)
AND NOT EXISTS (SELECT FROM {listener}.parked WHERE topic = $1)
AND (
    SELECT (count(*), sum(applied.version)) IS DISTINCT FROM (
        count(told.event_id), (SELECT count(*) FROM {listener}.outcome WHERE topic = $1)
    )
    FROM {listener}.consumer_stream AS applied LEFT JOIN {told} AS told
         ON (told.event_id, told.stream, told.version)
            = (applied.event_id, applied.stream, applied.version)
    WHERE applied.topic = $1
)
ORDER BY COALESCE(last.stream, applied.stream)
"""

FOREIGN_TOPICS: Final = """
-- Topics that a table names and Kafka does not have.
SELECT 'phantom' AS kind, topic AS "where", 'a topic of Kafka' AS expected, 'none' AS found
FROM (SELECT DISTINCT topic FROM {table}) AS named WHERE topic <> ALL ($1::text[]) ORDER BY topic
"""
