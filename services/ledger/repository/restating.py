"""The statements that say what changed in a month between two links of a home's chain."""

from typing import Final

RESTATED_CELLS: Final = """
-- A month's cells as they stood with one link, and with another; null where there was none yet.
SELECT resource, month, before.*, after.*
FROM cell LEFT JOIN LATERAL (
    SELECT required AS required_before, open AS open_before, promised AS promised_before,
           delivered AS delivered_before, confirmed AS confirmed_before
    FROM entry WHERE entry.home_id = cell.home_id AND entry.resource = cell.resource
    AND entry.month = cell.month AND number <= $3
    ORDER BY number DESC, position DESC LIMIT 1
) AS before ON true CROSS JOIN LATERAL (
    SELECT required AS required_after, open AS open_after, promised AS promised_after,
           delivered AS delivered_after, confirmed AS confirmed_after
    FROM entry WHERE entry.home_id = cell.home_id AND entry.resource = cell.resource
    AND entry.month = cell.month AND number <= $4
    ORDER BY number DESC, position DESC LIMIT 1
) AS after
WHERE home_id = $1 AND month = $2 AND ($5::text IS NULL OR resource = $5) ORDER BY resource
"""

RESTATED_ENTRIES: Final = """
-- A month's entries after one link and up to another, after a place, each with its cause: a link's
-- event, one that moved nothing, or one of the ledger's own.
SELECT entry.*, link.event_id, link.type, link.stream, link.version, link.recorded_at,
       link.booked_at, link.business_date, link.correlation, link.causation,
       COALESCE(
           (SELECT type FROM link AS cause WHERE cause.event_id = link.causation LIMIT 1),
           (SELECT type FROM unmoved WHERE unmoved.event_id = link.causation),
           (SELECT type FROM event WHERE event.event_id = link.causation)
       ) AS cause_type
FROM (
    SELECT entry.* FROM cell CROSS JOIN LATERAL (
        SELECT * FROM entry
        WHERE entry.home_id = cell.home_id AND entry.resource = cell.resource
        AND entry.month = cell.month AND number > $3 AND number <= $4
        AND (number, position) > ($6, $7)
        ORDER BY number, position LIMIT $8
    ) AS entry
    WHERE cell.home_id = $1 AND cell.month = $2 AND ($5::text IS NULL OR cell.resource = $5)
    ORDER BY number, position LIMIT $8
) AS entry JOIN link USING (home_id, number)
ORDER BY number, position
"""
