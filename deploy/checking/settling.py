"""Waiting until everything that was written has arrived; only what is quiet can be compared."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from deploy.checking.kafka_log import Ends, KafkaLog
from deploy.checking.sessions import fill, snapshot
from deploy.checking.statements import standing as stands

if TYPE_CHECKING:
    from deploy.checking.sessions import Connection

LEDGER: Final = "ledger"
EVENTLOG: Final = "eventlog"
ASK_AGAIN_S: Final = 0.25
SILENT: Final = frozenset({LEDGER, EVENTLOG})
"""Whose own events the ledger has no need to hear."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How everything stands at the snapshot that the connection is in."""

    services: Sequence[str]
    topics: Mapping[str, str]
    ends: Ends
    offsets: Mapping[str, Mapping[tuple[str, int], Any]]
    """By service."""
    events: Mapping[str, int]
    """How many each service's own event table holds."""
    waiting: Sequence[str] = field(default=())
    """What has not arrived, in words."""

    def listeners(self, topic: str) -> list[str]:
        heard = {name for name, known in self.offsets.items() if any(t == topic for t, _ in known)}
        return sorted(heard | self.obliged(topic))

    def obliged(self, topic: str) -> set[str]:
        """Who must hear a topic: the ledger all but the silent, the event log all but its own."""
        owner = self.topics[topic]
        if not any(end for (name, _), end in self.ends.items() if name == topic):
            return set()
        ledger = {LEDGER} if owner not in SILENT else set()
        log = {EVENTLOG} if owner != EVENTLOG else set()
        return (ledger | log) & set(self.services)


@asynccontextmanager
async def settled(
    connection: "Connection",
    log: KafkaLog,
    settle_s: float,
    say: Callable[[str], None],
) -> AsyncIterator[Standing]:
    """Yield inside a snapshot in which nothing is on its way, or the last one when time is up.

    Kafka's ends are read before and after it: where they are the same, they belong to it.
    """
    deadline = time.monotonic() + settle_s
    while True:
        topics = await log.topics()
        before = await log.ends(list(topics))
        async with snapshot(connection):
            found = await look(connection, topics, before)
            after = await log.ends(list(topics))
            if after != before:
                found = await look(connection, topics, after, ("writers to pause",))
            if not found.waiting or time.monotonic() > deadline:
                yield found
                return
        say("waiting for " + "; ".join(found.waiting[:3]))
        await asyncio.sleep(ASK_AGAIN_S)


async def look(
    connection: "Connection",
    topics: Mapping[str, str],
    ends: Ends,
    waiting: Sequence[str] = (),
) -> Standing:
    """See how everything stands in the transaction that the connection is in."""
    services = [row["name"] for row in await connection.fetch(stands.SERVICES)]
    found = list(waiting)
    offsets: dict[str, dict[tuple[str, int], Any]] = {}
    events: dict[str, int] = {}
    for service in services:
        row = await connection.fetchrow(fill(stands.STANDING, service=service))
        assert row is not None  # noqa: S101  of no table
        events[service] = row["events"]
        if row["unsent"]:
            found.append(f"{service} to send {row['unsent']} events")
        if row["held"]:
            found.append(f"{service} to apply {row['held']} held events")
        rows = await connection.fetch(fill(stands.OFFSETS, service=service))
        offsets[service] = {(row["topic"], row["partition"]): row for row in rows}
    found += _unapplied(topics, ends, offsets, services)
    return Standing(services, topics, ends, offsets, events, found)


def _unapplied(
    topics: Mapping[str, str],
    ends: Ends,
    offsets: Mapping[str, Mapping[tuple[str, int], Any]],
    services: Sequence[str],
) -> list[str]:
    standing = Standing(services, topics, ends, offsets, {})
    left: Counter[tuple[str, str]] = Counter()
    for topic in topics:
        for service in standing.listeners(topic):
            known = offsets.get(service, {})
            for (name, number), end in ends.items():
                if name == topic:
                    row = known.get((topic, number))
                    left[service, topic] += max(0, end - (row["next_offset"] if row else 0))
    return [f"{s} to apply {count} records of {t}" for (s, t), count in left.items() if count]
