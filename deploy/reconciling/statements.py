"""What reconciliation asks of a schema, or of all: as the auditor, within one snapshot."""

from typing import Final

_LINE: Final = """
    sha256(convert_to(
        concat_ws(E'\\n', event_id, version, type, stream, COALESCE(key, '')), 'UTF8'
    ) || sha256(body)) AS line
"""

EVENT_LINES: Final = f"""
-- Each event of a service's own table under one hash.
SELECT event_id, stream, version, {_LINE} FROM event
"""  # noqa: S608  our own words

LOGGED_LINES: Final = f"""
-- Each event of a topic that the event log has, under the same hash.
SELECT event_id, stream, version, {_LINE} FROM logged_event WHERE topic = $1
"""  # noqa: S608  our own words

_TALLY: Final = """
SELECT count(*) AS streams, COALESCE(sum(events), 0) AS events,
       COALESCE(sum(last), 0) AS versions, count(*) FILTER (WHERE events <> last) AS gaps,
       COALESCE(sum(ids), 0) AS ids, COALESCE(sum(lines), 0) AS lines
FROM (
    SELECT stream, count(*) AS events, max(version) AS last,
           sum(substr(uuid_send(event_id), 9)::bigint) AS ids,
           sum(substr(line, 1, 8)::bigint) AS lines
    FROM line GROUP BY stream
) AS stream
"""

EVENT_TALLY: Final = f"WITH line AS ({EVENT_LINES}) {_TALLY}"
LOGGED_TALLY: Final = f"WITH line AS ({LOGGED_LINES}) {_TALLY}"

_GAPS: Final = """
SELECT stream, count(*) AS events, max(version) AS last FROM line
GROUP BY stream HAVING count(*) <> max(version) ORDER BY stream
"""

EVENT_GAPS: Final = f"WITH line AS ({EVENT_LINES}) {_GAPS}"
LOGGED_GAPS: Final = f"WITH line AS ({LOGGED_LINES}) {_GAPS}"

OUTCOME_TALLY: Final = """
-- What became of a topic's events: how many, and a sum over their ids.
SELECT outcome, count(*) AS events, sum(substr(uuid_send(event_id), 9)::bigint) AS ids
FROM outcome WHERE topic = $1 GROUP BY outcome
"""

LINKED: Final = "SELECT count(*) AS links FROM link WHERE topic = $1"

UNLINKED: Final = """
-- Booked without a link, linked without being booked, or linked twice.
SELECT event_id, outcome IS NOT NULL AS booked, COALESCE(links, 0) AS links
FROM (SELECT event_id, outcome FROM outcome WHERE topic = $1 AND outcome = 'booked') AS booked
FULL JOIN (SELECT event_id, count(*) AS links FROM link WHERE topic = $1 GROUP BY 1) AS linked
    USING (event_id)
WHERE outcome IS NULL OR links IS DISTINCT FROM 1
ORDER BY event_id
"""

MISLINKED: Final = """
-- Links that tell an event otherwise than the event log has it.
SELECT link.home_id, number, event_id FROM ledger.link JOIN eventlog.logged_event AS logged
    USING (event_id)
WHERE link.topic = $1 AND (link.digest, link.stream, link.version, link.type)
    IS DISTINCT FROM (sha256(logged.body), logged.stream, logged.version, logged.type)
ORDER BY link.home_id, number
"""

WAITING: Final = """
-- What a service has not sent, what it holds and what it has parked, with the age of the oldest.
SELECT 'unsent' AS kind, count(*) AS events,
       EXTRACT(epoch FROM now() - min(recorded_at))::float8 AS oldest_s
FROM outbox JOIN event USING (position)
UNION ALL
SELECT 'held', count(*), EXTRACT(epoch FROM now() - min(held_at))::float8 FROM held
UNION ALL
SELECT 'parked', count(*), EXTRACT(epoch FROM now() - min(parked_at))::float8 FROM parked
"""

OLDEST: Final = """
-- How old the oldest of these events is.
SELECT EXTRACT(epoch FROM now() - min(recorded_at))::float8 AS oldest_s FROM event
WHERE event_id = ANY($1::uuid[])
"""

BOOKED_AFTER: Final = """
-- How long after it was recorded what was booked within the last day came onto the books.
SELECT count(*) AS links,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY taken) AS p50_s,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY taken) AS p99_s
FROM (
    SELECT EXTRACT(epoch FROM booked_at - recorded_at)::float8 AS taken
    FROM link WHERE booked_at > now() - interval '1 day'
) AS recent
"""

BUSINESS_DATE: Final = """
-- The last day that the ledger has seen begin; until one has, today's.
SELECT COALESCE(max(day), (now() AT TIME ZONE 'Asia/Tokyo')::date) AS day, now() AS at
FROM business_date WHERE calendar = 'tokyo'
"""

_PROMISES: Final = """
WITH moved AS (
    SELECT home_id, resource, month, organisation_id, commitment_id, moved_from, moved_to,
           quantity, substring(type FROM '(Withdrawn|Lapsed)\\.v\\d+$') AS ended
    FROM entry JOIN link USING (home_id, number)
    WHERE 'promised' IN (moved_from, moved_to)
), promise AS (
    SELECT home_id, resource, month, organisation_id, commitment_id,
        COALESCE(sum(quantity) FILTER (WHERE moved_to = 'promised' AND moved_from = 'open'), 0)
            AS promised,
        COALESCE(sum(CASE 'delivered' WHEN moved_to THEN quantity WHEN moved_from THEN -quantity
            END), 0) AS delivered,
        COALESCE(sum(quantity) FILTER (WHERE moved_to = 'open' AND ended = 'Withdrawn'), 0)
            AS withdrawn,
        COALESCE(sum(quantity) FILTER (WHERE moved_to = 'open' AND ended = 'Lapsed'), 0)
            AS lapsed,
        COALESCE(sum(quantity) FILTER (WHERE moved_to = 'open' AND ended IS NULL), 0) AS lowered,
        sum(CASE moved_to WHEN 'promised' THEN quantity ELSE -quantity END) AS outstanding
    FROM moved GROUP BY 1, 2, 3, 4, 5
)
"""

CLEARED: Final = f"""
-- Where the units that were promised of each resource have ended, and what is overdue on a day.
{_PROMISES}
SELECT resource, count(*) AS promises, sum(promised) AS promised, sum(delivered) AS delivered,
       sum(withdrawn) AS withdrawn, sum(lapsed) AS lapsed, sum(lowered) AS lowered,
       sum(outstanding) AS outstanding,
       count(*) FILTER (WHERE overdue_days > 0) AS overdue_promises,
       COALESCE(sum(outstanding) FILTER (WHERE overdue_days > 0), 0) AS overdue,
       COALESCE(max(overdue_days), 0) AS overdue_days_max
FROM (
    SELECT *, CASE WHEN outstanding > 0 THEN GREATEST(0, $1::date
        - (to_date(month, 'YYYY-MM') + interval '1 month - 1 day')::date) END AS overdue_days
    FROM promise
) AS promise
GROUP BY resource ORDER BY resource
"""  # noqa: S608  our own words

UNCLEARED: Final = f"""
-- Promises that have ended more than once, or nowhere.
{_PROMISES}
SELECT * FROM promise
WHERE outstanding < 0 OR promised <> delivered + withdrawn + lapsed + lowered + outstanding
ORDER BY home_id, month, resource, organisation_id, commitment_id
"""  # noqa: S608  our own words

UNSETTLED_CELLS: Final = f"""
-- Cells that show another sum as promised than their promises have outstanding.
{_PROMISES}
SELECT home_id, resource, month, COALESCE(outstanding, 0) AS expected,
       COALESCE(promised, 0) AS found
FROM (SELECT home_id, resource, month, promised FROM cell WHERE promised <> 0) AS cell
FULL JOIN (
    SELECT home_id, resource, month, sum(outstanding) AS outstanding FROM promise
    GROUP BY 1, 2, 3 HAVING sum(outstanding) <> 0
) AS promises USING (home_id, resource, month)
WHERE promised IS DISTINCT FROM outstanding
ORDER BY home_id, month, resource
"""  # noqa: S608  our own words
