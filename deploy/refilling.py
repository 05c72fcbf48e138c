"""Makes a topic and its owner's event table the same again, and lets listeners read it anew."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from deploy import kafka
from deploy.database import Database, connected
from deploy.problem import Problem
from deploy.services import Service
from shared.kafka import hosts_of
from shared.recalling import Forked, Keeping, Place, republish
from shared.republishing import reset_offsets

BY: Final = "operator"
OFFSETS: Final = """
SELECT partition, next_offset, last_event_id FROM consumer_offset
WHERE topic = $1 AND next_offset > 0
"""

Stands: TypeAlias = Mapping[Place, UUID | None]
"""What a listener has applied last of each partition, and where that stood."""


@dataclass(frozen=True, slots=True)
class Refilled:
    recalled: int
    waiting: int
    again: Sequence[str]
    """Who reads the topic from its beginning again."""


async def refill(
    database: Database,
    bootstrap: str,
    owner: Service,
    listeners: Sequence[Service],
    reason: str,
) -> Refilled:
    """Recall what the table lacks, send what the topic lacks, reset whom the topic contradicts.

    What was applied before is dropped by the streams' versions. It may be stopped and begun again.
    """
    if not await kafka.answers(bootstrap):
        raise Problem(f"Kafka at {hosts_of(bootstrap)} does not answer", "Look at `yui status`")
    stands = {one.name: await _stands(database, one, owner.topic) for one in listeners}
    wanted = {place for places in stands.values() for place in places}
    async with connected(database.url(owner.name)) as connection:
        try:
            done = await republish(
                connection, owner.topic, owner.name, bootstrap, _keeping(owner), wanted
            )
        except Forked as fork:
            raise Problem(
                f"another event has a version that {owner.topic} tells, in {fork}",
                "Somebody wrote to a database that was put back: nothing was changed",
            ) from fork
    again = [name for name, places in stands.items() if not places.items() <= done.places.items()]
    for name in again:
        async with connected(database.url(name)) as connection:
            await reset_offsets(connection, owner.topic, reason=reason, by=BY)
    return Refilled(done.recalled, done.waiting, again)


async def _stands(database: Database, listener: Service, topic: str) -> Stands:
    async with connected(database.url(listener.name)) as connection:
        rows = await connection.fetch(OFFSETS, topic)
    return {(row["partition"], row["next_offset"] - 1): row["last_event_id"] for row in rows}


def _keeping(owner: Service) -> Keeping:
    keeping: Keeping = importlib.import_module(f"services.{owner.name}.app").KEEPING
    return keeping
