"""Sends what a service has saved to Kafka: in order, until the broker has said yes."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.clock import age_ms
from shared.envelope import Envelope, to_headers
from shared.kafka import build_producer
from shared.metrics import EVENTS_PUBLISHED
from shared.postgres import Connection, Pool
from shared.published import Published

BATCH_MAX: Final = 500
POLL_S: Final = 0.25
FOLLOW_S: Final = 0.5
NOTIFY_AFTER_S: Final = 0.01
BACK_OFF_S: Final = (0.1, 3.0)

UNSENT: Final = """
-- What Kafka has not acknowledged, oldest first. The row lock alone keeps two relays apart.
SELECT event.* FROM outbox JOIN event USING (position)
ORDER BY position LIMIT $1 FOR UPDATE OF outbox
"""

SENT: Final = """
-- Kafka has acknowledged these, and the topic reaches so far now.
WITH known AS (
    INSERT INTO published (topic, partition, next_offset)
    SELECT $2, * FROM unnest($3::int[], $4::bigint[])
    ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset
)
DELETE FROM outbox WHERE position = ANY($1::bigint[])
"""

OLDEST_UNSENT: Final = """
-- How long the oldest unsent event has waited, in seconds; null where none waits.
SELECT extract(epoch FROM clock_timestamp() - min(recorded_at))::float8
FROM outbox JOIN event USING (position)
"""

NOTIFY: Final = """
-- Wakes the leader, whichever process it is in.
SELECT pg_notify($1, '')
"""

LEAD: Final = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"


class TopicShortened(Exception):
    """A record was put where the topic had long been past: it was made anew."""


FAULTS = (
    KafkaError,
    TopicShortened,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the client, on a connection that broke under its hands
    OSError,
    TimeoutError,
)

log = structlog.get_logger("relay")


class Relay:
    """One per process, one of them leading per service.

    The leader's lock only spares the others their waiting; what makes two relays safe is the row
    lock. On any fault nothing is skipped: the rows stay, and a new producer sends them again.
    """

    def __init__(
        self,
        pool: Pool,
        database_url: str,
        bootstrap: str,
        topic: str,
        published: Published | None = None,
    ) -> None:
        self.published = published or Published(topic, bootstrap)
        self._pool = pool
        self._database_url = database_url
        self._bootstrap = bootstrap
        self._topic = topic
        self._reached: dict[int, int] = {}
        self._waiting = asyncio.Event()
        self._leading = False
        self._notifying: asyncio.Task[None] | None = None
        self._back_off_s = BACK_OFF_S[0]

    def wake(self) -> None:
        """Say that a transaction with events has been committed in this process."""
        self._waiting.set()
        if not self._leading and self._notifying is None:
            self._notifying = asyncio.create_task(self._notify())

    async def oldest_unsent_s(self) -> float:
        return await self._pool.fetchval(OLDEST_UNSENT) or 0.0

    async def run(self) -> None:
        """Lead when possible, for ever."""
        while True:
            try:
                await self._lead()
            except FAULTS as fault:
                log.warning("relay_fault", fault=type(fault).__name__, detail=str(fault)[:200])
            finally:
                self._leading = False
            await asyncio.sleep(self._back_off_s * random.uniform(0.5, 1))  # noqa: S311  jitter
            self._back_off_s = min(self._back_off_s * 2, BACK_OFF_S[1])

    async def _notify(self) -> None:
        await asyncio.sleep(NOTIFY_AFTER_S)
        self._notifying = None
        with suppress(*FAULTS):
            await self._pool.execute(NOTIFY, self._topic)

    async def _lead(self) -> None:
        # A connection of its own: a pool would give the lock back on release.
        connection = await asyncpg.connect(self._database_url)
        try:
            while not await connection.fetchval(LEAD, self._topic):
                if await self.published.look_here(connection) is None:
                    # Whoever leads may be of a release that does not look.
                    await self.published.look(connection)
                await asyncio.sleep(FOLLOW_S)
            look = await self.published.look(connection)
            if not look.is_whole:
                return  # `yui events republish` makes topic and table the same again
            self._reached = dict(await self.published.known(connection))
            await connection.add_listener(self._topic, lambda *_: self._waiting.set())
            self._leading = True
            await self._send_all(connection)
        finally:
            connection.terminate()

    async def _send_all(self, connection: Connection) -> None:
        producer = build_producer(self._bootstrap)
        try:
            await producer.start()
            while True:
                self._waiting.clear()
                while await self._send_batch(connection, producer) == BATCH_MAX:
                    pass
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._waiting.wait(), POLL_S)
        finally:
            with suppress(*FAULTS):
                await asyncio.wait_for(producer.stop(), BACK_OFF_S[1])

    async def _send_batch(self, connection: Connection, producer: AIOKafkaProducer) -> int:
        async with connection.transaction():
            rows = await connection.fetch(UNSENT, BATCH_MAX)
            if not rows:
                self._back_off_s = BACK_OFF_S[0]
                return 0
            acknowledged = await self._send_rows(producer, rows)
            ends = self._ends(acknowledged)
            sent = [row["position"] for row in rows]
            await connection.execute(SENT, sent, self._topic, list(ends), list(ends.values()))
        self._reached |= ends
        line = log.bind()  # once: it is made anew for each call on the module's own
        for row, metadata in zip(rows, acknowledged, strict=True):
            line.info(
                "event_published",
                event_id=str(row["event_id"]),
                type=row["type"],
                stream=row["stream"],
                version=row["version"],
                correlation=row["correlation"],
                causation=row["causation"] and str(row["causation"]),
                topic=metadata.topic,
                partition=metadata.partition,
                offset=metadata.offset,
                age_ms=age_ms(row["recorded_at"]),
            )
        EVENTS_PUBLISHED.inc(len(rows))
        self._back_off_s = BACK_OFF_S[0]
        return len(rows)

    def _ends(self, acknowledged: Sequence[Any]) -> Mapping[int, int]:
        """How far each partition reaches now; `TopicShortened` where it had reached further."""
        ends: dict[int, int] = {}
        for metadata in acknowledged:
            if metadata.offset >= 0:  # a repeat that the broker knows may be told no place
                ends[metadata.partition] = metadata.offset + 1
        for number, end in ends.items():
            if end <= self._reached.get(number, 0):
                raise TopicShortened(f"{self._topic}/{number} ends at {end}")
        return dict(sorted(ends.items()))

    async def _send_rows(
        self, producer: AIOKafkaProducer, rows: Sequence[asyncpg.Record]
    ) -> Sequence[Any]:
        """Return where the broker has put each, or raise what kept it from one."""
        sends: list[asyncio.Future[Any]] = []
        try:
            for row in rows:
                sends.append(await self._send(producer, row))  # noqa: PERF401  kept one by one
        except FAULTS:
            # Those under way fail as well: unread, each would be reported as never retrieved.
            for sent in sends:
                sent.add_done_callback(_read)
            raise
        return await asyncio.gather(*sends)

    async def _send(self, producer: AIOKafkaProducer, row: asyncpg.Record) -> asyncio.Future[Any]:
        envelope = Envelope(
            event_id=row["event_id"],
            type_name=row["type"],
            source=f"yui/{self._topic.split('.')[1]}",
            stream=row["stream"],
            version=row["version"],
            recorded_at=row["recorded_at"],
            correlation=row["correlation"],
            causation=row["causation"],
            traceparent=row["traceparent"],
        )
        future: asyncio.Future[Any] = await producer.send(
            self._topic, row["body"], key=row["key"].encode(), headers=to_headers(envelope)
        )
        return future


def _read(sent: asyncio.Future[Any]) -> None:
    if not sent.cancelled():
        sent.exception()
