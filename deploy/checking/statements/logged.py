"""Whether the event log has kept every event as it was told, once, and in its place."""

from typing import Final

LOGGED: Final = """
-- Whatever is in the event log is an event of its owner, byte for byte, and shown to its home.
SELECT kind, "where", expected, found
FROM eventlog.logged_event AS logged LEFT JOIN {told} AS told USING (event_id)
CROSS JOIN LATERAL (
    SELECT format('event log, %s %s, version %s of %s', logged.type, event_id, logged.version,
                  logged.stream) AS at,
           format('%s %s, version %s of %s', told.type, event_id, told.version, told.stream)
               AS event
) AS said CROSS JOIN LATERAL (VALUES
    ('phantom', at, 'an event of its owner', 'none', told.event_id IS NULL),
    ('altered', at, event, format('another %s', concat_ws(', ',
         CASE WHEN told.stream <> logged.stream THEN 'stream' END,
         CASE WHEN told.version <> logged.version THEN 'version' END,
         CASE WHEN told.type <> logged.type THEN 'type' END,
         CASE WHEN told.key <> COALESCE(logged.key, '') THEN 'key' END,
         CASE WHEN 'yui/' || $2 <> logged.source THEN 'source' END,
         CASE WHEN told.recorded_at <> logged.recorded_at THEN 'time' END,
         CASE WHEN told.correlation <> logged.correlation THEN 'correlation' END,
         CASE WHEN told.causation IS DISTINCT FROM logged.causation THEN 'causation' END,
         CASE WHEN told.traceparent IS DISTINCT FROM logged.traceparent THEN 'traceparent' END,
         CASE WHEN told.body <> logged.body THEN 'body' END,
         CASE WHEN logged.home_id <> logged.key THEN 'home' END)), told.event_id IS NOT NULL)
) AS named (kind, "where", expected, found, is_so)
WHERE logged.topic = $1 AND (
    told.event_id IS NULL OR told.stream <> logged.stream OR told.version <> logged.version
    OR told.type <> logged.type OR told.key <> COALESCE(logged.key, '')
    OR 'yui/' || $2 <> logged.source OR told.recorded_at <> logged.recorded_at
    OR told.correlation <> logged.correlation OR told.body <> logged.body
    OR told.causation IS DISTINCT FROM logged.causation
    OR told.traceparent IS DISTINCT FROM logged.traceparent OR logged.home_id <> logged.key
) AND is_so ORDER BY logged.partition, logged.place
"""

KEPT: Final = """
-- What the event log has taken in is in it, where it says that it stood.
SELECT kind, "where", expected, found
FROM eventlog.outcome AS outcome FULL JOIN eventlog.logged_event AS logged USING (event_id)
CROSS JOIN LATERAL (VALUES
    ('lost', {event}, 'in the event log', 'nowhere',
     logged.event_id IS NULL),
    ('altered', format('outcome of %s', event_id), 'applied', COALESCE(outcome.outcome, 'none'),
     logged.event_id IS NOT NULL AND outcome.outcome IS DISTINCT FROM 'applied'),
    ('altered', format('place of the outcome of %s', event_id),
     concat_ws('/', logged.topic, logged.partition, logged."offset"),
     concat_ws('/', outcome.topic, outcome.partition, outcome."offset"),
     logged."offset" <> outcome."offset" OR logged.partition <> outcome.partition
     OR logged.topic <> outcome.topic)
) AS named (kind, "where", expected, found, is_so)
WHERE ((outcome.event_id IS NULL OR outcome.outcome <> 'applied') AND logged.event_id IS NOT NULL
       OR logged.event_id IS NULL AND outcome.outcome <> 'discarded'
       OR logged."offset" <> outcome."offset" OR logged.partition <> outcome.partition
       OR logged.topic <> outcome.topic)
AND is_so ORDER BY event_id
"""

PLACES: Final = """
-- The event log counts each partition's events from 1, without gaps.
SELECT 'lost' AS kind, format('places of %s/%s in the event log', topic, partition) AS "where",
       format('1 to %s', COALESCE(head.place, 0)) AS expected,
       format('%s events up to %s', COALESCE(counted.events, 0), COALESCE(counted.last, 0))
           AS found
FROM (
    SELECT topic, partition, count(*) AS events, max(place) AS last
    FROM eventlog.logged_event GROUP BY topic, partition
) AS counted FULL JOIN eventlog.head AS head USING (topic, partition)
WHERE (counted.events, counted.last) IS DISTINCT FROM (head.place, head.place)
ORDER BY topic, partition
"""
