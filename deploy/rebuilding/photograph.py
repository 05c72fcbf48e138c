"""What the first ledger was at one instant, kept beside the second until it has come as far."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from deploy.rebuilding.second import FIRST

if TYPE_CHECKING:
    from deploy.rebuilding.second import Connection

CHANGING: Final = (
    *("consumer_offset", "head", "cell", "delivery", "double_funding", "contributor", "seal"),
    *("parked", "parked_action", "held", "consumer_stream"),
)
"""Links and entries are only added to: those up to a photographed head are as they were."""

RETAKE: Final = """
DROP TABLE IF EXISTS first_{table};
CREATE TABLE first_{table} AS SELECT * FROM {ledger}.{table};
"""
OFFSETS: Final = "SELECT topic, partition, next_offset FROM first_consumer_offset"
ACTED_ON: Final = """
-- What operators did about records that could not be applied; a discard is for ever.
SELECT topic, partition, "offset", event_id, bool_or(action = 'discarded') AS discarded
FROM first_parked_action WHERE action <> 'failed_again' GROUP BY 1, 2, 3, 4
"""
STILL_PARKED: Final = """
-- Heads of keys that wait for an operator's decision: the second ledger must not anticipate it.
SELECT event_id FROM first_parked WHERE event_id IS NOT NULL AND reason <> 'behind'
"""


@dataclass(frozen=True, slots=True)
class Photograph:
    vector: Mapping[tuple[str, int], int]
    """How far each partition was read: its next offset."""
    decisions: list[tuple[str, int, int, UUID | None, bool]]
    """Topic, partition, offset, event, and whether it was discarded."""
    set_aside: list[UUID]
    """Events that were not applied, or are not yet, whatever could be done with them now."""


async def photograph(connection: "Connection") -> Photograph:
    """Copy what changes, in one snapshot: small beside the links, and nobody waits for it."""
    async with connection.transaction(isolation="repeatable_read"):
        for table in CHANGING:
            await connection.execute(RETAKE.format(ledger=FIRST.name, table=table))
    for table in CHANGING:
        await connection.execute(f"ANALYZE first_{table}")
    offsets = await connection.fetch(OFFSETS)
    decisions = [
        (row["topic"], row["partition"], row["offset"], row["event_id"], row["discarded"])
        for row in await connection.fetch(ACTED_ON)
    ]
    discarded = [event_id for *_, event_id, gone in decisions if gone and event_id is not None]
    parked = [row["event_id"] for row in await connection.fetch(STILL_PARKED)]
    return Photograph(
        vector={(row["topic"], row["partition"]): row["next_offset"] for row in offsets},
        decisions=decisions,
        set_aside=discarded + parked,
    )
