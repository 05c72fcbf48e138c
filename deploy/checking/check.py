"""The whole check: topic by topic, then the books, in one snapshot of all schemas."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from deploy.checking import tables
from deploy.checking.books import LEDGER, Books, Linked
from deploy.checking.double_funding import DoubleFunding
from deploy.checking.episodes import Episodes
from deploy.checking.findings import Findings
from deploy.checking.journal import Journal, compare_journal, read_journal
from deploy.checking.kafka_log import KafkaLog, Place, kafka_log
from deploy.checking.listening import Listener
from deploy.checking.reading import Fact, fact_of_row
from deploy.checking.said import Said, missing_in_kafka, read_kafka, read_table
from deploy.checking.settling import EVENTLOG, SILENT, Standing, settled

if TYPE_CHECKING:
    from deploy.checking.tables import Connection

Say = Callable[[str], None]
Count = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to hold against each other."""

    database_url: str
    bootstrap: str
    journal: Path | None = None
    settle_s: float = 30
    owned_by_test: Collection[str] = ()
    """Services whose topics a test writes itself: their event tables do not speak for them."""


def _nothing(*_: object) -> None:
    return None


async def check(asked: Asked, say: Say = _nothing, count: Count = _nothing) -> Findings:
    """Read everything once. What is found is at most one topic in memory, and the cells."""
    journal = read_journal(asked.journal)
    async with (
        tables.auditing(asked.database_url) as connection,
        kafka_log(asked.bootstrap) as log,
        settled(connection, log, asked.settle_s, say) as standing,
    ):
        checking = _Checking(connection, log, standing, journal, count)
        await checking.all(asked.owned_by_test)
        return checking.findings


@dataclass(slots=True)
class _Checking:
    connection: "Connection"
    log: KafkaLog
    standing: Standing
    journal: Journal
    count: Count
    findings: Findings = field(default_factory=Findings)
    books: Books = field(default_factory=Books)
    funded: DoubleFunding = field(default_factory=DoubleFunding)
    read: int = 0

    async def all(self, owned_by_test: Collection[str]) -> None:
        for topic, owner in self.standing.topics.items():
            has_table = owner in self.standing.services and owner not in owned_by_test
            await self._topic(Said(topic, owner, has_table))
        for service in self.standing.services:
            await self._requests(service)
        if LEDGER in self.standing.services:
            await self._foreign(LEDGER, tables.LINKED_TOPICS)
            await self._ledger()
        if EVENTLOG in self.standing.services:
            await self._foreign(EVENTLOG, tables.LOGGED_TOPICS)

    async def _topic(self, said: Said) -> None:
        unsent: set[UUID] = set()
        if said.has_table:
            await read_table(said, self._rows(said.owner, tables.EVENTS), self.findings)
            rows = await tables.fetch(self.connection, said.owner, tables.UNSENT)
            unsent = {row["event_id"] for row in rows}
        await read_kafka(
            said, self._counted(self.log.read(said.topic, self.standing.ends)), self.findings
        )
        missing_in_kafka(said, unsent, self.findings)
        applied: dict[str, set[str]] = {}
        discarded: set[UUID] = set()
        for name in self.standing.listeners(said.topic):
            outcomes = await self._listener(Listener(name, said, self.findings))
            if name in {LEDGER, EVENTLOG}:
                applied[f"{name}'s outcomes"] = {str(event_id) for event_id in outcomes}
            if name == LEDGER:
                discarded = {e for e, outcome in outcomes.items() if outcome == "discarded"}
                await self._links(said, outcomes)
            if name == EVENTLOG:
                applied["logged_event"] = await self._logged(said, outcomes)
        for fact in said.facts.values():
            if fact.event_id not in discarded:
                self.books.fold(fact)
                self.funded.fold(said.owner, fact)
        if said.has_table:
            await compare_journal(self.connection, said, self.journal, applied, self.findings)

    async def _listener(self, listener: Listener) -> Mapping[UUID, str]:
        offsets = self.standing.offsets.get(listener.name, {})
        listener.compare_offsets(offsets, self.standing.ends)
        return await listener.compare(self.connection, offsets)

    async def _links(self, said: Said, outcomes: Mapping[UUID, str]) -> None:
        if said.owner in SILENT:
            return
        linked = Linked(said, self.findings)
        await linked.compare(tables.stream(self.connection, LEDGER, tables.LINKS, said.topic))
        linked.unbooked(said.in_kafka(), outcomes)

    async def _logged(self, said: Said, outcomes: Mapping[UUID, str]) -> set[str]:
        logged: set[UUID] = set()
        async for fact in self._rows(EVENTLOG, tables.LOGGED, said.topic):
            logged.add(fact.event_id)
            written = said.facts.get(fact.event_id)
            if written is None:
                self.findings.add("phantom", EVENTLOG, "event log", "an event of its owner", fact)
            elif written != fact:
                self.findings.add(
                    "altered", EVENTLOG, "event log", written, f"{fact}, or its body"
                )
        for fact in said.in_kafka():
            told = outcomes.get(fact.event_id)
            if told not in {None, "discarded"} and fact.event_id not in logged:
                self.findings.add("lost", EVENTLOG, str(fact), "in the event log", "nowhere")
        return {str(event_id) for event_id in logged}

    async def _requests(self, service: str) -> None:
        for row in await tables.fetch(self.connection, service, tables.REQUESTED_IN_VAIN):
            where = f"answer to {row['organisation_id']}, key {row['idempotency_key']}"
            self.findings.add("lost", service, where, f"event {row['event_id']}", "no such event")

    async def _foreign(self, service: str, statement: str) -> None:
        for row in await tables.fetch(self.connection, service, statement):
            if row["topic"] not in self.standing.topics:
                self.findings.add("phantom", service, row["topic"], "a topic of Kafka", "none")

    async def _ledger(self) -> None:
        connection, found = self.connection, self.findings
        for row in await tables.fetch(connection, LEDGER, tables.ENTRIES_WITHOUT_LINK):
            where = f"entry {row['home_id']}/{row['number']}/{row['position']}"
            found.add("phantom", LEDGER, where, "a link", "none")
        for row in await tables.fetch(connection, LEDGER, tables.CHAINS):
            where = f"chain of {row['home_id']}"
            links = f"{row['links']} links up to {row['last']}, {row['back']} back in time"
            found.add("lost", LEDGER, where, f"links 1 to {row['head']} in order", links)
        await self.books.compare_cells(self._stream(tables.CELLS), found)
        await self.books.compare_deliveries(self._stream(tables.DELIVERIES), found)
        await self.funded.compare(self.books, self._stream(tables.DOUBLE_FUNDINGS), found)
        episodes = Episodes(found)
        async for row in self._stream(tables.EVENTS):
            episodes.hear(row)
        cell, delivery = ("home_id", "resource", "month"), ("home_id", "delivery_id")
        await episodes.compare("shortfall", cell, "announced", self._stream(tables.CELLS))
        await episodes.compare("discrepancy", delivery, "excess", self._stream(tables.DELIVERIES))
        twice = self._stream(tables.DOUBLE_FUNDINGS)
        await episodes.compare("double funding", cell, "excess", twice)

    def _stream(self, statement: str) -> AsyncIterator[Any]:
        return tables.stream(self.connection, LEDGER, statement)

    async def _rows(self, service: str, statement: str, *arguments: object) -> AsyncIterator[Fact]:
        async for row in tables.stream(self.connection, service, statement, *arguments):
            yield fact_of_row(row)

    async def _counted(self, places: AsyncIterator[Place]) -> AsyncIterator[Place]:
        whole = sum(self.standing.ends.values())
        async for place in places:
            self.read += 1
            self.count(self.read, whole)
            yield place
