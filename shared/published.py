"""Whether a service still has all that it has published, also after its database was put back.

A database that was put back to an earlier moment lacks events that Kafka holds. Whoever went on
from there would publish other events under the same versions. So each run of the server is looked
at once, before anything is decided on: the topic is held against the event table from where both
were known to agree. `yui events republish` makes them the same again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from shared.consuming.inbox import Parked, read
from shared.consuming.record import Received
from shared.kafka import reading
from shared.postgres import Connection
from shared.refusal import Refusal

SERVER: Final = """
-- Which run of which server this is, and which database: one that was put back is another.
SELECT extract(epoch FROM pg_postmaster_start_time())::text || '/' || oid
FROM pg_database WHERE datname = current_database()
"""

KNOWN: Final = """
-- How far each partition of the topic is known.
SELECT partition, next_offset FROM published WHERE topic = $1
"""

MOVE_KNOWN: Final = """
-- The topic reaches so far, and holds nothing before that `event` lacks.
INSERT INTO published (topic, partition, next_offset)
SELECT $1, * FROM unnest($2::int[], $3::bigint[])
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset
"""

LACKING: Final = """
-- Those of these events that the event table lacks.
SELECT told.event_id FROM unnest($1::uuid[]) AS told (event_id)
WHERE NOT EXISTS (SELECT FROM event WHERE event.event_id = told.event_id)
"""

LAST_LOOK: Final = """
-- What was found last, and in which run of the server.
SELECT server, lacking, lost FROM published_look WHERE topic = $1
"""

KEEP_LOOK: Final = """
-- What was found now.
INSERT INTO published_look (topic, server, lacking, lost) VALUES ($1, $2, $3, $4)
ON CONFLICT (topic) DO UPDATE
SET server = excluded.server, lacking = excluded.lacking, lost = excluded.lost
"""

log = structlog.get_logger("published")


class Unsure(Refusal):
    """What is decided now could contradict what was published."""

    status = 503
    japanese = "今決めることは、公表したことと食い違うおそれがあります。"


class NotLookedYet(Unsure):
    """Whether all that was published is still here is being looked at; try again soon."""

    japanese = "公表したものがすべてここにあるか確かめています。少し後でお試しください。"


class Restored(Unsure):
    """The database was put back: nothing is written until what it lacks has been recalled."""

    japanese = "データベースが以前の状態に戻されました。欠けたものを取り戻すまで書き込めません。"


@dataclass(frozen=True, slots=True)
class Look:
    """What one look has found, and in which run of the server."""

    server: str
    lacking: int = 0
    """Events that the topic holds and the event table lacks."""
    lost: int = 0
    """Records that the topic held and holds no longer."""

    @property
    def is_whole(self) -> bool:
        return not self.lacking and not self.lost


class Published:
    """One service's own topic, held against its event table."""

    def __init__(self, topic: str, bootstrap: str) -> None:
        self.topic = topic
        self._bootstrap = bootstrap
        self._server: str | None = None
        self._whole_in: str | None = None
        self._renewed: list[Callable[[], None]] = []

    def on_renewed(self, forget: Callable[[], None]) -> None:
        """Call this where the server is another run: what was remembered may never have been."""
        self._renewed.append(forget)

    async def connected(self, connection: Connection) -> None:
        """Note which run of the server a new connection of the pool is to."""
        server = await connection.fetchval(SERVER)
        if self._server not in {None, server}:
            for forget in self._renewed:
                forget()
        self._server = server

    async def require_whole(self, connection: Connection) -> None:
        """Raise `Unsure` unless this run of the server was looked at and lacks nothing."""
        if self._server is not None and self._whole_in == self._server:
            return
        look = await self.look_here(connection)
        if look is None:
            raise NotLookedYet
        if look.lacking:
            raise Restored
        self._whole_in = look.server

    async def look_here(self, connection: Connection) -> Look | None:
        """Return what was found last, if that was in this run of the server."""
        server = await connection.fetchval(SERVER)
        row = await connection.fetchrow(LAST_LOOK, self.topic)
        return Look(**row) if row is not None and row["server"] == server else None

    async def known(self, connection: Connection) -> Mapping[int, int]:
        rows = await connection.fetch(KNOWN, self.topic)
        return {row["partition"]: row["next_offset"] for row in rows}

    async def look(self, connection: Connection) -> Look:
        """Hold the topic against the event table, and keep what was found.

        What is lacking stays so until somebody recalls it; a broker may find again what it lost.
        """
        last = await self.look_here(connection)
        if last is not None and last.lacking:
            return last
        known = await self.known(connection)
        async with reading(self._bootstrap, self.topic) as topic:
            lost = sum(max(0, at - topic.ends.get(number, 0)) for number, at in known.items())
            lacking = 0
            async for records in topic.since(known):
                lacking += len(await lacked(connection, map(read, records)))
        found = Look(await connection.fetchval(SERVER), lacking, lost)
        if found.is_whole:
            await self.agree(connection, topic.ends)
            return found
        await connection.execute(KEEP_LOOK, self.topic, found.server, found.lacking, found.lost)
        if found != last:
            log.error("topic_differs", topic=self.topic, lacking=lacking, lost=lost)
        return found

    async def agree(self, connection: Connection, ends: Mapping[int, int]) -> None:
        """Keep that the topic, as far as here, and the table hold the same."""
        server = await connection.fetchval(SERVER)
        async with connection.transaction():
            await self.know(connection, ends)
            await connection.execute(KEEP_LOOK, self.topic, server, 0, 0)

    async def know(self, connection: Connection, ends: Mapping[int, int]) -> None:
        await connection.execute(MOVE_KNOWN, self.topic, list(ends), list(ends.values()))


async def lacked(connection: Connection, items: Iterable[Received | Parked]) -> Sequence[Received]:
    """Return those of a topic's events that the event table lacks."""
    events = [item for item in items if isinstance(item, Received)]
    rows = await connection.fetch(LACKING, [event.envelope.event_id for event in events])
    lacking = {row["event_id"] for row in rows}
    return [event for event in events if event.envelope.event_id in lacking]
