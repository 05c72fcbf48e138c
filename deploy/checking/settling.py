"""Waiting until everything that was written has arrived; only what is quiet can be compared."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from deploy.checking import tables
from deploy.checking.books import LEDGER
from deploy.checking.kafka_log import Ends, KafkaLog

if TYPE_CHECKING:
    from deploy.checking.tables import Connection

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
        async with tables.snapshot(connection):
            found = await _look(connection, topics, before)
            after = await log.ends(list(topics))
            if after != before:
                found = await _look(connection, topics, after, ("writers to pause",))
            if not found.waiting or time.monotonic() > deadline:
                yield found
                return
        say("waiting for " + "; ".join(found.waiting[:3]))
        await asyncio.sleep(ASK_AGAIN_S)


async def _look(
    connection: "Connection",
    topics: Mapping[str, str],
    ends: Ends,
    waiting: Sequence[str] = (),
) -> Standing:
    services = [row["name"] for row in await connection.fetch(tables.SERVICES)]
    found = list(waiting)
    offsets: dict[str, dict[tuple[str, int], Any]] = defaultdict(dict)
    for service in services:
        if unsent := len(await tables.fetch(connection, service, tables.UNSENT)):
            found.append(f"{service} to send {unsent} events")
        for row in await tables.fetch(connection, service, tables.OFFSETS):
            offsets[service][row["topic"], row["partition"]] = row
        if held := await _held(connection, service, topics):
            found.append(f"{service} to apply {held} held events")
    standing = Standing(services, topics, ends, offsets)
    return Standing(services, topics, ends, offsets, found + _unapplied(standing))


async def _held(connection: "Connection", service: str, topics: Mapping[str, str]) -> int:
    return sum(
        [len(await tables.fetch(connection, service, tables.HELD, topic)) for topic in topics]
    )


def _unapplied(standing: Standing) -> list[str]:
    left: Counter[tuple[str, str]] = Counter()
    for topic in standing.topics:
        for service in standing.listeners(topic):
            known = standing.offsets.get(service, {})
            for (name, number), end in standing.ends.items():
                if name == topic:
                    row = known.get((topic, number))
                    left[service, topic] += max(0, end - (row["next_offset"] if row else 0))
    return [f"{s} to apply {count} records of {t}" for (s, t), count in left.items() if count]
