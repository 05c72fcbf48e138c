"""Refills a topic that Kafka has lost, from the event table of the service that owns it."""

from deploy.database import Database, connected
from deploy.services import Service
from shared.postgres import connect_pool
from shared.republishing import republish, reset_offsets

BY = "operator"
HEARS = "SELECT true FROM consumer_offset WHERE topic = $1 LIMIT 1"


async def refill(
    database: Database, owner: Service, listeners: tuple[Service, ...], reason: str
) -> tuple[int, list[str]]:
    """Let every listener read the owner's topic anew, then send all its events once more.

    What was applied before is dropped by the streams' versions. Returns how many events wait to
    be sent, and who reads them again.
    """
    again = []
    for listener in listeners:
        async with connected(database.url(listener.name)) as connection:
            if await connection.fetchval(HEARS, owner.topic):
                await reset_offsets(connection, owner.topic, reason=reason, by=BY)
                again.append(listener.name)
    pool = await connect_pool(database.url(owner.name))
    try:
        return await republish(pool), again
    finally:
        await pool.close()
