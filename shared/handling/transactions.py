"""The transactions of one service: each begun, saved, and told of once it is committed."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final

from shared.access.policy import Principal
from shared.event_store import StateCache
from shared.handling.groups import Groups
from shared.postgres import Connection, Pool
from shared.published import Published
from shared.wall import Wall
from shared.work import Cause, Project, Streams, Work

QUEUE: Final = """
-- Those who lost a race for the same streams go one after the other, or most would lose again.
SELECT pg_advisory_xact_lock(hashtextextended($1, 0))
"""


async def _project_nothing(*_: object) -> None:
    return None


class Transactions:
    """Opens the transactions of one service, and says when events are waiting to be sent."""

    def __init__(
        self,
        pool: Pool,
        service: str,
        *,
        readers: Pool | None = None,
        project: Project = _project_nothing,
        wake_relay: Callable[[], None] = lambda: None,
        saved: Callable[[Iterable[str]], None] = lambda _: None,
        published: Published | None = None,
    ) -> None:
        """`readers` is the pool of whoever reads; without one, nobody does.

        `saved` is told the types of the events that have been committed.
        """
        self.pool = pool
        self.service = service
        self._readers = readers
        self._cache = StateCache()
        self._published = published
        self.on_renewed(self._cache.clear)
        self._project = project
        self.wake_relay = wake_relay
        self._saved = saved
        self.groups = Groups(pool, self._cache, self._open, self.work, self.committed)

    @property
    def wall(self) -> Wall:
        """What whoever reads is to read behind."""
        assert self._readers is not None, "nobody was said to read"  # noqa: S101
        return Wall(self._readers)

    def work(self, connection: Connection, cause: Cause, streams: Streams | None = None) -> Work:
        """Return work on streams as they stand in the database, or as `streams` says instead."""
        return Work(connection, self.service, cause, self._cache, self._project, streams)

    def on_renewed(self, forget: Callable[[], None]) -> None:
        """Call this where the database may have been put back: what was remembered may be void."""
        if self._published is not None:
            self._published.on_renewed(forget)

    async def require_whole(self, connection: Connection) -> None:
        """Raise `Unsure` where what is decided now could contradict what was published."""
        if self._published is not None:
            await self._published.require_whole(connection)

    @asynccontextmanager
    async def read(self, principal: Principal) -> AsyncIterator[Work]:
        """Open a transaction that decides nothing, and sees what this principal may see."""
        async with self.wall.reading(principal) as connection:
            cause = Cause(correlation="")
            yield Work(connection, self.service, cause, self._cache, self._project, as_seen=True)

    @asynccontextmanager
    async def begin(self, cause: Cause, contested: str | None = None) -> AsyncIterator[Work]:
        """`contested` names what was lost to somebody else in an earlier attempt."""
        async with self._open(contested) as connection:
            work = self.work(connection, cause)
            yield work
            await work.save()
        self.committed(work)

    @asynccontextmanager
    async def _open(self, contested: str | None) -> AsyncIterator[Connection]:
        async with self.pool.acquire() as connection:
            await self.require_whole(connection)
            async with connection.transaction():
                if contested is not None:
                    await connection.execute(QUEUE, f"{self.service} {contested}")
                yield connection

    def committed(self, work: Work) -> None:
        work.committed()
        if work.saved:
            self.wake_relay()
            self._saved(one.envelope.type_name for one in work.saved)
