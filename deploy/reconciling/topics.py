"""One topic: its owner's event table, Kafka, the event log and the ledger's outcomes and links."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from deploy.checking import tables
from deploy.checking.findings import Findings, Kind
from deploy.checking.kafka_log import Ends
from deploy.checking.settling import EVENTLOG, LEDGER, SILENT, Standing
from deploy.reconciling import statements
from deploy.reconciling.tallies import Kept, Tally, tally_of_row

if TYPE_CHECKING:
    from deploy.checking.tables import Connection


@dataclass(slots=True)
class Topic:
    """What was found of one topic, whoever has it."""

    owner: str
    tallies: dict[str, Tally] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    """What the ledger made of its events."""
    records: int = 0
    links: int = 0
    unapplied: dict[str, tuple[int, float | None]] = field(default_factory=dict)
    """By listener: how many events, and the age of the oldest in seconds."""


@dataclass(slots=True)
class Reconciler:
    connection: "Connection"
    standing: Standing
    young_from: Ends
    """What Kafka holds from here on may have come after the snapshot."""
    findings: Findings

    async def reconcile(self, kept: Kept) -> Topic:
        found = Topic(kept.owner, {"kafka": kept.tally()}, records=kept.records)
        self._name_gaps(kept.owner, kept.topic, kept.gaps())
        if kept.owner in self.standing.services:
            await self._said(kept, found)
        listeners = self._listeners(kept.owner)
        if EVENTLOG in listeners:
            await self._logged(kept, found)
        if LEDGER in listeners:
            await self._booked(kept, found)
        return found

    def _listeners(self, owner: str) -> set[str]:
        """Who has to have heard of an owner's events, also of a topic that has become empty."""
        ledger = {LEDGER} if owner not in SILENT else set()
        log = {EVENTLOG} if owner != EVENTLOG else set()
        return (ledger | log) & set(self.standing.services)

    async def _said(self, kept: Kept, found: Topic) -> None:
        """The owner's own table: all of it that was sent is in Kafka, and nothing else is."""
        owner = kept.owner
        tally = found.tallies["event table"] = await self._tally(owner, statements.EVENT_TALLY)
        self.findings.events[owner] += tally.events
        if tally.gaps:
            rows = await tables.fetch(self.connection, owner, statements.EVENT_GAPS)
            self._name_gaps(owner, "event table", rows)
        if tally == found.tallies["kafka"]:
            return
        unsent = {r["event_id"] for r in await self._fetch(owner, tables.UNSENT)}
        unseen = set(kept.lines)
        async for row in self._stream(owner, statements.EVENT_LINES):
            unseen.discard(row["event_id"])
            if row["event_id"] in kept.lines:
                self._same(kept, owner, "in the event table", row)
            elif row["event_id"] not in unsent:
                self.findings.add("lost", owner, named(row), f"in {kept.topic}", "nowhere in it")
        for event_id in sorted(unseen, key=kept.where):
            if not self._is_young(kept, event_id):
                where, line = kept.where(event_id), kept.lines[event_id]
                text = f"{event_id}, version {line.version} of {line.stream}"
                self.findings.add("phantom", owner, where, "an event of its owner's table", text)

    async def _logged(self, kept: Kept, found: Topic) -> None:
        topic = kept.topic
        tally = await self._tally(EVENTLOG, statements.LOGGED_TALLY, topic)
        found.tallies["eventlog"] = tally
        if tally.gaps:
            rows = await self._fetch(EVENTLOG, statements.LOGGED_GAPS, topic)
            self._name_gaps(EVENTLOG, f"logged_event of {topic}", rows)
        if tally == found.tallies["kafka"]:
            return
        unseen = set(kept.lines)
        async for row in self._stream(EVENTLOG, statements.LOGGED_LINES, topic):
            unseen.discard(row["event_id"])
            if row["event_id"] in kept.lines:
                self._same(kept, EVENTLOG, "in logged_event", row)
            else:
                self._add("phantom", EVENTLOG, named(row), f"in {topic}", "in logged_event alone")
        await self._not_applied(kept, found, EVENTLOG, unseen)

    async def _booked(self, kept: Kept, found: Topic) -> None:
        rows = await self._fetch(LEDGER, statements.OUTCOME_TALLY, kept.topic)
        found.outcomes = {row["outcome"]: row["events"] for row in rows}
        heard = found.tallies["kafka"]
        if (sum(found.outcomes.values()), sum(int(r["ids"]) for r in rows)) != (
            heard.events,
            heard.ids,
        ):
            await self._compare_outcomes(kept, found)
        await self._compare_links(kept, found)

    async def _compare_outcomes(self, kept: Kept, found: Topic) -> None:
        unseen = set(kept.lines)
        async for row in self._stream(LEDGER, tables.OUTCOMES, kept.topic):
            unseen.discard(row["event_id"])
            if row["event_id"] not in kept.lines:
                where = f"outcome of {row['event_id']}"
                self._add("phantom", LEDGER, where, f"an event of {kept.topic}", row["outcome"])
        await self._not_applied(kept, found, LEDGER, unseen)

    async def _compare_links(self, kept: Kept, found: Topic) -> None:
        [row] = await self._fetch(LEDGER, statements.LINKED, kept.topic)
        found.links = row["links"]
        for row in await self._fetch(LEDGER, statements.UNLINKED, kept.topic):
            kind: Kind = "doubled" if row["links"] > 1 else "lost" if row["booked"] else "phantom"
            expected = "one link" if row["booked"] else "no link: it is not booked"
            where = f"links of {row['event_id']}, from {kept.topic}"
            self._add(kind, LEDGER, where, expected, f"{row['links']} links")
        if EVENTLOG in self.standing.services:
            for row in await self._fetch(LEDGER, statements.MISLINKED, kept.topic):
                where = f"link {row['number']} of {row['home_id']}"
                event = f"event {row['event_id']} as the event log has it"
                self._add("altered", LEDGER, where, event, "another digest, stream or version")

    async def _not_applied(
        self, kept: Kept, found: Topic, listener: str, unseen: Iterable[UUID]
    ) -> None:
        """What a listener lacks is on its way, held, parked, discarded, or lost."""
        known = self.standing.offsets.get(listener, {})
        excused = await self._excused(listener, kept.topic)
        waiting: list[UUID] = []
        for event_id in sorted(unseen, key=kept.where):
            line = kept.lines[event_id]
            row = known.get((kept.topic, line.partition))
            if line.offset >= (row["next_offset"] if row else 0):
                waiting.append(event_id)
            elif event_id not in excused:
                said = f"{event_id}, version {line.version} of {line.stream}"
                where = f"{kept.where(event_id)}: {said}"
                self._add("lost", listener, where, "applied, held or parked", "none of these")
        if waiting:
            found.unapplied[listener] = len(waiting), await self._oldest(kept.owner, waiting)

    async def _excused(self, listener: str, topic: str) -> set[UUID]:
        asked = tables.HELD, tables.PARKED, tables.DISCARDED
        rows = [await self._fetch(listener, statement, topic) for statement in asked]
        return {row["event_id"] for found in rows for row in found}

    async def _oldest(self, owner: str, event_ids: list[UUID]) -> float | None:
        if owner not in self.standing.services:
            return None
        [row] = await self._fetch(owner, statements.OLDEST, event_ids)
        age: float | None = row["oldest_s"]
        return age

    # --- In small

    def _same(self, kept: Kept, owner: str, place: str, row: Mapping[str, Any]) -> None:
        if kept.lines[row["event_id"]].hash != row["line"]:
            expected = f"as at {kept.where(row['event_id'])}"
            self._add("altered", owner, f"{named(row)}, {place}", expected, "another content")

    def _is_young(self, kept: Kept, event_id: UUID) -> bool:
        line = kept.lines[event_id]
        return line.offset >= self.young_from.get((kept.topic, line.partition), 0)

    def _name_gaps(self, owner: str, where: str, rows: Iterable[Any]) -> None:
        for stream, events, last in rows:
            expected = f"{last} versions of {stream}"
            self._add("gap", owner, where, expected, f"{events} of them")

    def _add(self, kind: Kind, owner: str, where: str, expected: object, found: object) -> None:
        self.findings.add(kind, owner, where, expected, found)

    async def _tally(self, schema: str, statement: str, *arguments: object) -> Tally:
        [row] = await self._fetch(schema, statement, *arguments)
        return tally_of_row(row)

    async def _fetch(self, schema: str, statement: str, *arguments: object) -> list[Any]:
        return await tables.fetch(self.connection, schema, statement, *arguments)

    def _stream(self, schema: str, statement: str, *arguments: object) -> AsyncIterator[Any]:
        return tables.stream(self.connection, schema, statement, *arguments)


def named(row: Mapping[str, Any]) -> str:
    return f"{row['event_id']}, version {row['version']} of {row['stream']}"
