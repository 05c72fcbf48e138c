"""The checker's statements. It reads as the auditor, all schemas in one snapshot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from deploy.database import connected

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

SERVICES: Final = """
-- Schemas that hold a service: they have an event table and an outbox. A second ledger is none.
SELECT nspname AS name FROM pg_namespace
WHERE to_regclass(format('%I.event', nspname)) IS NOT NULL
AND to_regclass(format('%I.outbox', nspname)) IS NOT NULL AND nspname <> 'ledger_rebuild'
ORDER BY nspname
"""

EVENTS: Final = """
-- A service's log, in the order in which it was saved.
SELECT event_id, stream, version, type, key, body FROM event ORDER BY position
"""

UNSENT: Final = """
-- What Kafka has not acknowledged.
SELECT event_id FROM outbox JOIN event USING (position) ORDER BY position
"""

CORRELATED: Final = """
-- What requests have brought about directly, by their correlation.
SELECT correlation, array_agg(event_id) AS event_ids FROM event
WHERE causation IS NULL AND correlation = ANY($1::text[]) GROUP BY 1
"""

REQUESTED_IN_VAIN: Final = """
-- Events that an answer names and that are not there.
SELECT organisation_id, idempotency_key, named.event_id
FROM request, jsonb_array_elements_text(COALESCE(answer->'event_ids', '[]')) AS named (event_id)
WHERE NOT EXISTS (SELECT FROM event WHERE event.event_id = named.event_id::uuid)
ORDER BY 1, 2
"""

ANSWERED: Final = """
-- What an idempotency key was answered with.
SELECT idempotency_key, ARRAY(SELECT jsonb_array_elements_text(answer->'event_ids')) AS event_ids
FROM request WHERE idempotency_key = ANY($1::text[])
"""

OFFSETS: Final = """
-- How far a service has come with what it hears.
SELECT topic, partition, next_offset, last_event_id FROM consumer_offset
"""

STREAMS: Final = """
-- The last version that a service has applied of each stream of a topic.
SELECT stream, version, event_id FROM consumer_stream WHERE topic = $1
"""

OUTCOMES: Final = """
-- What became of a topic's events.
SELECT event_id, outcome FROM outcome WHERE topic = $1
"""

DISCARDED: Final = """
-- What operators have given up.
SELECT DISTINCT event_id FROM parked_action WHERE topic = $1 AND action = 'discarded'
"""

HELD: Final = """
-- Events that wait for their predecessor.
SELECT event_id, stream, version, partition, "offset" FROM held WHERE topic = $1
ORDER BY partition, "offset"
"""

PARKED: Final = """
-- Records that could not be applied.
SELECT event_id, partition, "offset", reason, detail FROM parked WHERE topic = $1
ORDER BY partition, "offset"
"""

LINKS: Final = """
-- The links of one topic, each with its entries in order.
SELECT home_id, number, event_id, stream, version, position, resource, month, moved_from,
       moved_to, quantity, organisation_id, commitment_id, delivery_id, delivery_version
FROM link LEFT JOIN entry USING (home_id, number)
WHERE topic = $1 ORDER BY home_id, number, position
"""

LINKED_TOPICS: Final = "SELECT DISTINCT topic FROM link ORDER BY topic"

ENTRIES_WITHOUT_LINK: Final = """
-- Entries that no event stands behind.
SELECT home_id, number, position FROM entry
WHERE NOT EXISTS (
    SELECT FROM link WHERE (link.home_id, link.number) = (entry.home_id, entry.number)
)
ORDER BY home_id, number, position
"""

CHAINS: Final = """
-- Chains of links that are not counted from 1 to their head, or whose times go back.
SELECT home_id, head.links AS head, count(link.number) AS links, max(link.number) AS last,
       count(*) FILTER (WHERE link.booked_at < link.before) AS back
FROM head LEFT JOIN (
    SELECT *, lag(booked_at) OVER (PARTITION BY home_id ORDER BY number) AS before FROM link
) AS link USING (home_id)
GROUP BY home_id, head.links
HAVING count(link.number) <> head.links OR COALESCE(max(link.number), 0) <> head.links
    OR count(*) FILTER (WHERE link.booked_at < link.before) > 0
ORDER BY home_id
"""

LOGGED: Final = """
-- What the event log has kept of a topic.
SELECT event_id, stream, version, type, COALESCE(key, '') AS key, body FROM logged_event
WHERE topic = $1
"""

LOGGED_TOPICS: Final = "SELECT DISTINCT topic FROM logged_event ORDER BY topic"

HAS_TABLE: Final = """
-- Whether a service has a table.
SELECT to_regclass($1) IS NOT NULL AS there
"""

CELLS: Final = """
-- The books.
SELECT home_id, resource, month, required, open, promised, delivered, confirmed, announced, episode
FROM cell ORDER BY home_id, month, resource
"""

DELIVERIES: Final = """
-- How deliveries stand.
SELECT home_id, delivery_id, delivered, confirmed, owner_version, seen_version, excess, episode
FROM delivery ORDER BY home_id, delivery_id
"""

DOUBLE_FUNDINGS: Final = """
-- What is, or was, funded twice.
SELECT home_id, resource, month, excess, organisations, episode
FROM double_funding ORDER BY home_id, month, resource
"""


@asynccontextmanager
async def auditing(database_url: str) -> AsyncIterator["Connection"]:
    async with connected(database_url) as connection:
        yield connection


@asynccontextmanager
async def snapshot(connection: "Connection") -> AsyncIterator[None]:
    """All schemas as they were at one instant: one database, so one snapshot holds them all."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        yield


async def fetch(
    connection: "Connection", schema: str, statement: str, *arguments: object
) -> list[Any]:
    await _look_into(connection, schema)
    return list(await connection.fetch(statement, *arguments))


async def stream(
    connection: "Connection", schema: str, statement: str, *arguments: object
) -> AsyncIterator[Any]:
    """Yield rows without holding them all."""
    await _look_into(connection, schema)
    async for row in connection.cursor(statement, *arguments, prefetch=2_000):
        yield row


async def _look_into(connection: "Connection", schema: str) -> None:
    await connection.execute("SELECT set_config('search_path', $1, true)", schema)
