"""The checker's statements. It reads as the auditor, all schemas in one snapshot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from deploy.database import connected

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

UNSENT: Final = """
-- What Kafka has not acknowledged.
SELECT event_id FROM outbox JOIN event USING (position) ORDER BY position
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

LINKED_TOPICS: Final = "SELECT DISTINCT topic FROM link ORDER BY topic"

LOGGED_TOPICS: Final = "SELECT DISTINCT topic FROM logged_event ORDER BY topic"


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
