"""Lets a consumer read a topic again that was emptied or made anew, and refilled."""

from typing import Final

from shared.consuming import statements as sql
from shared.postgres import Connection

LOCK_OFFSETS: Final = """
-- No consumer works on the topic meanwhile.
SELECT FROM consumer_offset WHERE topic = $1 ORDER BY topic, partition FOR UPDATE
"""

NOTE_REREAD: Final = """
-- For ever: where an event stood before tells nothing of where it stands now.
INSERT INTO reread (topic, reason, told_by) VALUES ($1, $2, $3)
"""


async def reset_offsets(connection: Connection, topic: str, *, reason: str, by: str) -> None:
    """Read a topic from its beginning again.

    The streams' versions stay and drop what was applied. What was held or parked comes again
    with the topic; that an operator has done so is kept.
    """
    async with connection.transaction():
        await connection.execute(LOCK_OFFSETS, topic)
        await connection.execute(sql.FORGET_HELD, topic)
        await connection.execute(sql.FORGET_PARKED, topic, reason, by)
        await connection.execute(sql.FORGET_OFFSETS, topic)
        await connection.execute(NOTE_REREAD, topic, reason, by)
