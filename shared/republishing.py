"""Refills Kafka from what services keep, and lets a consumer read a refilled topic again."""

from typing import Final

from shared.consuming import statements as sql
from shared.postgres import Connection, Pool

BATCH: Final = 5_000

REFILL: Final = """
-- The next events after a position are to be sent again; what waits already waits once.
WITH again AS (SELECT position FROM event WHERE position > $1 ORDER BY position LIMIT $2),
unsent AS (INSERT INTO outbox SELECT position FROM again ON CONFLICT DO NOTHING)
SELECT max(position) AS last, count(*) AS events FROM again
"""

LOCK_OFFSETS: Final = """
-- No consumer works on the topic meanwhile.
SELECT FROM consumer_offset WHERE topic = $1 ORDER BY topic, partition FOR UPDATE
"""


async def republish(pool: Pool) -> int:
    """Put every event of a service into its outbox again, oldest first; return how many.

    Whoever has applied them drops them as duplicates. It may be stopped and begun again.
    """
    last, sent = 0, 0
    while True:
        row = await pool.fetchrow(REFILL, last, BATCH)
        assert row is not None  # noqa: S101  an aggregate always returns one
        if not row["events"]:
            return sent
        last, sent = row["last"], sent + row["events"]


async def reset_offsets(connection: Connection, topic: str, *, reason: str, by: str) -> None:
    """Read a topic from its beginning again: it was emptied or made anew, and refilled.

    The streams' versions stay and drop what was applied. What was held or parked comes again
    with the topic; that an operator has done so is kept for each parked record.
    """
    async with connection.transaction():
        await connection.execute(LOCK_OFFSETS, topic)
        await connection.execute(sql.FORGET_HELD, topic)
        await connection.execute(sql.FORGET_PARKED, topic, reason, by)
        await connection.execute(sql.FORGET_OFFSETS, topic)
