"""The statements by which recalled events are set against the books."""

from typing import Final

SAID_OF: Final = """
-- What the ledger has said of these homes, in order.
SELECT type, body FROM event WHERE stream = ANY($1::text[]) ORDER BY stream, version
"""

SAID_LAST: Final = """
-- The homes among these keys of which the ledger has said something, and how often.
SELECT substr(stream, 8) AS home_id, max(version) AS version FROM event
WHERE stream = ANY($1::text[]) GROUP BY stream ORDER BY stream
"""

CELLS_OF_HOMES: Final = """
-- The books of these homes.
SELECT home_id, resource, month, required, open, promised, delivered, confirmed, episode, funders
FROM cell WHERE home_id = ANY($1::text[])
"""

DELIVERIES_OF_HOMES: Final = """
-- How all deliveries to these homes stand.
SELECT home_id, delivery_id, delivered, confirmed, owner_version, seen_version, episode, excess
FROM delivery WHERE home_id = ANY($1::text[])
"""

DOUBLE_FUNDING_OF_HOMES: Final = """
-- What stands, or stood, funded twice in these homes.
SELECT home_id, resource, month, episode, excess, organisations
FROM double_funding WHERE home_id = ANY($1::text[])
"""
