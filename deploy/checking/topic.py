"""One topic: read from Kafka, held against its owner's table, then against all who hear it."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import asyncpg

from deploy.checking.findings import Findings
from deploy.checking.kafka_log import Event, Heard, KafkaLog
from deploy.checking.sessions import Told, fill, find
from deploy.checking.settling import EVENTLOG, LEDGER, SILENT, Standing
from deploy.checking.statements import booked, kafka, listeners, logged

if TYPE_CHECKING:
    from deploy.checking.sessions import Connection

REACTED_TO: Final = (
    "organisations.OrganisationRegistered.v1",
    "organisations.SectorsChanged.v1",
    "organisations.KeyIssued.v1",
    "organisations.KeyRevoked.v1",
    "organisations.PartyJoined.v1",
    "organisations.PartyLeft.v1",
    "homes.BusinessDateAdvanced.v1",
)
"""What is told to the ledger itself, and not to its books."""
REREAD: Final = """COALESCE(
    (SELECT max(told_at) FROM {listener}.reread WHERE topic = $1), '-infinity'
)"""


@dataclass(slots=True)
class Topic:
    """What is noted of a topic in the session that reads it."""

    name: str
    owner: str
    number: int
    has_table: bool
    told: Told = field(init=False)
    last_event: dict[int, str | None] = field(default_factory=dict)
    """Of each partition."""

    def __post_init__(self) -> None:
        table = f"{self.owner}.event" if self.has_table else f"pg_temp.told_{self.number}"
        self.told = Told(self.owner, table)

    @property
    def names(self) -> Mapping[str, str]:
        outbox = f"{self.owner}.outbox" if self.has_table else f"pg_temp.outbox_{self.number}"
        return {
            "place": f"pg_temp.place_{self.number}",
            "repeat": f"pg_temp.repeat_{self.number}",
            "outbox": outbox,
            "has_table": str(self.has_table).lower(),
            "event": named_in(self.told.table),
        }

    async def prepare(self, connection: "Connection") -> None:
        statement = kafka.PREPARE if self.has_table else kafka.PREPARE + kafka.PREPARE_TOLD
        made = fill(statement, told=self.told.table, **self.names)
        await connection.execute(made.replace("CREATE TEMP TABLE pg_temp.", "CREATE TEMP TABLE "))

    def checks(self, standing: Standing) -> "list[Check]":
        """What is held against the owner's own words, wherever these stand."""
        found: list[Check] = []
        arguments: tuple[object, ...]
        if LEDGER in standing.services and self.owner not in SILENT:
            found.append(Check("links and entries", LEDGER, booked.BOOKED, (self.name,), self))
            arguments = self.name, REACTED_TO
            found.append(Check("what moved nothing", LEDGER, booked.UNBOOKED, arguments, self))
        if EVENTLOG in standing.services and self.owner != EVENTLOG:
            arguments = self.name, self.owner
            found.append(
                Check("event log", EVENTLOG, logged.LOGGED, arguments, self, is_wide=True)
            )
        return found


@dataclass(frozen=True, slots=True)
class Check:
    """One statement that yields differences."""

    part: str
    owner: str
    statement: str
    arguments: tuple[object, ...] = ()
    topic: Topic | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    told: Told | None = None
    is_wide: bool = False

    async def run(self, connection: "Connection") -> Findings:
        told = self.told or (self.topic.told if self.topic else None)
        names = {**(self.topic.names if self.topic else {}), **self.names}
        began = time.perf_counter()
        found = await find(
            connection,
            self.owner,
            self.statement,
            *self.arguments,
            told=told,
            is_wide=self.is_wide,
            **names,
        )
        found.parts[self.part] += time.perf_counter() - began
        return found


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads topics in a session of its own, which alone sees what it notes of them."""

    connection: "Connection"
    log: KafkaLog
    standing: Standing
    count: Callable[[int], None]

    async def check(self, topic: Topic) -> Findings:
        found = Findings()
        began = time.perf_counter()
        await self._read(topic, found)
        if await self.connection.fetchval(fill(kafka.REPEATED, **topic.names)):
            await self.connection.execute(fill(kafka.SET_ASIDE, **topic.names))
        check = Check("Kafka", topic.owner, kafka.COMPARED, (topic.name,), topic)
        found.take(await check.run(self.connection))
        await self.connection.execute(fill(kafka.FORGET, **topic.names))
        found.parts["Kafka"] += time.perf_counter() - began
        found.take(await self._check_order(topic))
        for listener in self.standing.listeners(topic.name):
            self._compare_offsets(topic, listener, found)
            found.take(await self._check_listener(topic, listener))
        if not topic.has_table:
            for check in topic.checks(self.standing):
                found.take(await check.run(self.connection))
        return found

    async def _read(self, topic: Topic, found: Findings) -> None:
        """While PostgreSQL compares some records, the next are taken apart."""
        comparing: asyncio.Task[None] | None = None
        async for heard in self.log.hear(topic.name, self.standing.ends):
            found.records[topic.owner] += heard.records
            topic.last_event[heard.partition] = heard.last_event
            if comparing is not None:
                await comparing
            comparing = asyncio.create_task(self._hear(topic, heard, found))
            self.count(heard.records)
        if comparing is not None:
            await comparing

    async def _hear(self, topic: Topic, heard: Heard, found: Findings) -> None:
        if topic.has_table:
            for offset in heard.others:
                self._no_event(topic, heard.partition, offset, found)
        if heard.events:
            await self._compare(topic, heard.partition, heard.events, found)

    def _no_event(self, topic: Topic, partition: int, offset: int, found: Findings) -> None:
        where = f"{topic.name}/{partition}/{offset}"
        found.add("phantom", topic.owner, where, "an event of the table", "no event")

    async def _compare(
        self, topic: Topic, partition: int, events: Sequence[Event], found: Findings
    ) -> None:
        source = f"yui/{topic.owner}" if topic.has_table else None
        arguments = (partition, *map(list, zip(*events, strict=True)), source)
        names = {**topic.names, "told": topic.told.table}
        try:
            async with self.connection.transaction():
                if not topic.has_table:
                    await self.connection.execute(fill(kafka.TOLD, **names), *arguments)
                await self.connection.execute(fill(kafka.HEARD, **names), *arguments)
        except asyncpg.DataError:
            # One of them holds what no event can: find it.
            if len(events) == 1:
                if topic.has_table:
                    self._no_event(topic, partition, events[0][0], found)
                return
            half = len(events) // 2
            await self._compare(topic, partition, events[:half], found)
            await self._compare(topic, partition, events[half:], found)

    async def _check_order(self, topic: Topic) -> Findings:
        check = Check("order", topic.owner, kafka.IN_ORDER, (topic.name,), topic)
        return await check.run(self.connection)

    async def _check_listener(self, topic: Topic, listener: str) -> Findings:
        names = {"listener": listener, "reread": fill(REREAD, listener=listener)}
        checks = [
            Check("outcomes", listener, listeners.OUTCOMES, (topic.name,), topic, names),
            Check("streams", listener, listeners.STREAMS, (topic.name,), topic, names),
        ]
        if listener == LEDGER and topic.owner not in SILENT:
            checks.append(Check("digests", LEDGER, booked.DIGESTS, (topic.name,), topic))
        found = Findings()
        for check in checks:
            found.take(await check.run(self.connection))
        return found

    def _compare_offsets(self, topic: Topic, listener: str, found: Findings) -> None:
        """Its offsets are the end of the log, and name the event that stands there."""
        offsets: Mapping[tuple[str, int], Any] = self.standing.offsets.get(listener, {})
        for name, number in sorted(offsets.keys() - self.standing.ends.keys()):
            if name == topic.name:
                where = f"offset of {name}/{number}"
                found.add("phantom", listener, where, "a partition of Kafka", "none such")
        for (name, number), end in sorted(self.standing.ends.items()):
            if name != topic.name:
                continue
            row = offsets.get((name, number))
            stands = 0 if row is None else row["next_offset"]
            where = f"{topic.name}/{number}"
            if stands < end:
                found.add("unapplied", listener, f"offset of {where}", end, stands)
            elif stands > end:
                found.add("lost", listener, f"Kafka's end of {where}", stands, end)
            elif row is not None:
                last = _id(topic.last_event.get(number))
                if row["last_event_id"] != last:
                    at = f"last event of {where}"
                    found.add("altered", listener, at, last, row["last_event_id"])


def named_in(*tables: str) -> str:
    """SQL that names an event of which only the id is at hand, by the tables that may hold it."""
    if not tables:
        return "event_id::text"
    told = " UNION ALL ".join(
        f"SELECT event_id AS id, type, version, stream FROM {table}"  # noqa: S608  ours
        for table in tables
    )
    return f"""COALESCE((
        SELECT format('%s %s, version %s of %s', told.type, told.id, told.version, told.stream)
        FROM ({told}) AS told WHERE told.id = event_id LIMIT 1
    ), event_id::text)"""  # noqa: S608  ours


def _id(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None
