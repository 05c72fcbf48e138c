"""The statements that read the books: cells, entries, shortfalls, discrepancies."""

from typing import Final

CELLS: Final = """
-- A home's books, month by month.
SELECT * FROM cell WHERE home_id = $1 AND month BETWEEN $2 AND $3
ORDER BY month, resource
"""

ENTRIES_PAGE: Final = """
-- A home's entries in booking order, after a place.
SELECT entry.*, link.event_id, link.type, link.stream, link.version, link.correlation,
       link.causation, link.recorded_at, link.booked_at, link.business_date
FROM entry JOIN link USING (home_id, number)
WHERE home_id = $1 AND (number, position) > ($2, $3)
AND ($4::text IS NULL OR resource = $4) AND ($5::text IS NULL OR month = $5)
ORDER BY number, position LIMIT $6
"""

SHORTFALLS_PAGE: Final = """
-- What stands open now, in some homes (null: all), after a place.
SELECT home_id, month, resource, announced AS quantity, episode FROM cell
WHERE announced > 0 AND ($1::text[] IS NULL OR home_id = ANY($1))
AND (home_id, month, resource) > ($2, $3, $4)
ORDER BY home_id, month, resource LIMIT $5
"""

DISCREPANCIES: Final = """
-- Deliveries of which more is confirmed than was delivered.
SELECT home_id, delivery_id, excess, episode FROM delivery
WHERE excess > 0 AND ($1::text[] IS NULL OR home_id = ANY($1))
"""
