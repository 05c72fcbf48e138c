"""How far each service has come with what it hears, and what became of each event there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from deploy.checking import tables
from deploy.checking.findings import Findings
from deploy.checking.kafka_log import Ends
from deploy.checking.said import Said

if TYPE_CHECKING:
    from deploy.checking.tables import Connection

Offsets = Mapping[tuple[str, int], Any]


@dataclass(frozen=True, slots=True)
class Listener:
    """One service that hears a topic."""

    name: str
    said: Said
    findings: Findings

    def compare_offsets(self, offsets: Offsets, ends: Ends) -> None:
        """Its offsets are the end of the log, and name the event that stands there."""
        for (topic, number), end in sorted(ends.items()):
            if topic != self.said.topic:
                continue
            row = offsets.get((topic, number))
            stands = 0 if row is None else row["next_offset"]
            where = f"offset of {topic}/{number}"
            if stands < end:
                self.findings.add("unapplied", self.name, where, end, stands)
            elif stands > end:
                self.findings.add(
                    "lost", self.name, f"Kafka's end of {topic}/{number}", stands, end
                )
            elif row is not None and end > 0:
                last = self.said.last_event.get((number, end - 1))
                if row["last_event_id"] != last:
                    at = f"last event of {topic}/{number}"
                    self.findings.add("altered", self.name, at, last, row["last_event_id"])

    async def compare(self, connection: "Connection", offsets: Offsets) -> Mapping[UUID, str]:
        """Every event has an outcome or says why not; returns the outcomes."""
        topic = self.said.topic
        waiting = await self._waiting(connection)
        outcomes: dict[UUID, str] = {}
        async for row in tables.stream(connection, self.name, tables.OUTCOMES, topic):
            outcomes[row["event_id"]] = row["outcome"]
        for event_id in outcomes.keys() - self.said.places.keys():
            where = f"outcome of {event_id}"
            self.findings.add("phantom", self.name, where, f"an event of {topic}", "none")
        for event_id, (partition, offset) in self.said.places.items():
            row = offsets.get((topic, partition))
            passed = row is not None and row["next_offset"] > offset
            if event_id not in outcomes and event_id not in waiting and passed:
                where = f"{self.said.facts[event_id]}, {topic}/{partition}/{offset}"
                self.findings.add("lost", self.name, where, "an outcome", "none, and passed over")
        await self._discarded(connection, outcomes)
        if not waiting:
            await self._compare_streams(connection, outcomes)
        return outcomes

    async def _waiting(self, connection: "Connection") -> set[UUID]:
        topic = self.said.topic
        waiting: set[UUID] = set()
        for row in await tables.fetch(connection, self.name, tables.HELD, topic):
            waiting.add(row["event_id"])
            where = f"{topic}/{row['partition']}/{row['offset']}"
            found = f"version {row['version']} of {row['stream']} waits for its predecessor"
            self.findings.add("held", self.name, where, "applied", found)
        for row in await tables.fetch(connection, self.name, tables.PARKED, topic):
            waiting.add(row["event_id"])
            where = f"{topic}/{row['partition']}/{row['offset']}"
            found = f"{row['reason']}: {row['detail'][:200]}"
            self.findings.add("parked", self.name, where, "applied", found)
        return waiting

    async def _discarded(self, connection: "Connection", outcomes: Mapping[UUID, str]) -> None:
        rows = await tables.fetch(connection, self.name, tables.DISCARDED, self.said.topic)
        audited = {row["event_id"] for row in rows}
        for event_id, outcome in outcomes.items():
            if outcome == "discarded" and event_id not in audited:
                where = f"discard of {event_id}"
                self.findings.add("lost", self.name, where, "an operator's reason", "none")

    async def _compare_streams(
        self, connection: "Connection", outcomes: Mapping[UUID, str]
    ) -> None:
        """The last version applied of each stream is the last that was decided on."""
        expected: dict[str, tuple[int, UUID]] = {}
        for fact in self.said.in_kafka():
            known = expected.get(fact.stream, (0, fact.event_id))
            if fact.event_id in outcomes and fact.version > known[0]:
                expected[fact.stream] = fact.version, fact.event_id
        rows = tables.stream(connection, self.name, tables.STREAMS, self.said.topic)
        async for row in rows:
            last = expected.pop(row["stream"], None)
            if last != (row["version"], row["event_id"]):
                where = f"last version applied of {row['stream']}"
                found = f"{row['version']}, {row['event_id']}"
                self.findings.add("altered", self.name, where, last, found)
        for stream, last in expected.items():
            where = f"last version applied of {stream}"
            self.findings.add("lost", self.name, where, last, "none")
