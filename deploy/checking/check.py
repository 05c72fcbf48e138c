"""The whole check: topic by topic, and beside it the books, in one snapshot of all schemas."""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deploy.checking.findings import Findings
from deploy.checking.journal import Journal, compare_journal, read_journal
from deploy.checking.kafka_log import kafka_log
from deploy.checking.kept import read_seals
from deploy.checking.sessions import Told, session, share, snapshot
from deploy.checking.settling import EVENTLOG, LEDGER, Standing, settled
from deploy.checking.statements import booked, chained, episodes, folded, listeners, logged
from deploy.checking.statements import standing as stands
from deploy.checking.topic import Check, Reading, Topic, named_in

if TYPE_CHECKING:
    from deploy.checking.sessions import Connection

Say = Callable[[str], None]
Count = Callable[[int, int], None]

LONG: Final = frozenset({"chains", "running totals", "links and entries", "deliveries"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to hold against each other."""

    database_url: str
    bootstrap: str
    journal: Path | None = None
    seals: Path | None = None
    """Seals that somebody has kept."""
    settle_s: float = 30
    owned_by_test: Collection[str] = ()
    """Services whose topics a test writes itself: their event tables do not speak for them."""


def _nothing(*_: object) -> None:
    return None


async def check(asked: Asked, say: Say = _nothing, count: Count = _nothing) -> Findings:
    """Read everything once. What is held here is a batch of records; the rest PostgreSQL holds."""
    journal, kept = read_journal(asked.journal), read_seals(asked.seals)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(session(asked.database_url))
        log = await stack.enter_async_context(kafka_log(asked.bootstrap))
        standing = await stack.enter_async_context(settled(first, log, asked.settle_s, say))
        began = time.perf_counter()
        reading = await stack.enter_async_context(session(asked.database_url))
        topics = topics_of(standing, asked.owned_by_test)
        # The auditor may write nothing but this, and nothing at all once it has its snapshot.
        await reading.execute("BEGIN READ WRITE")
        for topic in topics:
            await topic.prepare(reading)
        await reading.execute("COMMIT")
        await stack.enter_async_context(snapshot(reading, await share(first)))
        counted = _Counted(sum(standing.ends.values()), count)
        checks = _Checks(checks_of(standing, topics, kept))
        topics_found, _ = await _together(
            _read_all(Reading(reading, log, standing, counted.add), topics, journal, checks),
            checks.work(first),
        )
        found = Findings()
        found.events.update({s: n for s, n in standing.events.items() if _speaks(topics, s)})
        found.take(topics_found)
        for one in checks.found:
            found.take(one)
        found.seconds = time.perf_counter() - began
        return found


def topics_of(standing: Standing, owned_by_test: Collection[str]) -> list[Topic]:
    return [
        Topic(name, owner, number, owner in standing.services and owner not in owned_by_test)
        for number, (name, owner) in enumerate(standing.topics.items())
    ]


def _speaks(topics: Sequence[Topic], service: str) -> bool:
    return any(topic.owner == service and topic.has_table for topic in topics)


async def _read_all(
    reading: Reading, topics: Sequence[Topic], journal: Journal, checks: "_Checks"
) -> Findings:
    """Check the topics, then help with the other checks."""
    found = Findings()
    for topic in topics:
        found.take(await reading.check(topic))
        if topic.has_table:
            connection, standing = reading.connection, reading.standing
            found.take(await compare_journal(connection, topic, standing, journal))
    await checks.work(reading.connection)
    return found


# --- What is checked beside the topics


def checks_of(
    standing: Standing, topics: Sequence[Topic], kept: Sequence[tuple[object, ...]] = ()
) -> list[Check]:
    """All that needs nothing of what was read from Kafka, in the order in which it is told."""
    of_topics = [check for topic in topics if topic.has_table for check in topic.checks(standing)]
    return [*of_topics, *_of_services(standing, topics, kept)]


def _of_services(
    standing: Standing, topics: Sequence[Topic], kept: Sequence[tuple[object, ...]]
) -> list[Check]:
    event = {"event": _event(topics)}
    found = []
    if LEDGER in standing.services:
        found += _of_ledger(event)
        if kept:
            columns = tuple(map(list, zip(*kept, strict=True)))
            found.append(Check("seals", LEDGER, chained.SEALS_KEPT, columns))
    if EVENTLOG in standing.services:
        found.append(Check("event log", EVENTLOG, logged.KEPT, names=event))
        found.append(Check("event log", EVENTLOG, logged.PLACES))
    for service in standing.services:
        names = {"service": service, "listener": service}
        found += [
            Check("requests", service, stands.REQUESTED_IN_VAIN, names=names),
            Check("outcomes", service, listeners.DISCARDED, names=names),
            Check("outcomes", service, listeners.WAITING, names=names),
        ]
        named = {f"{service}.outcome", f"{service}.consumer_stream", f"{service}.consumer_offset"}
        if service == LEDGER:
            named.add("ledger.link")
        if service == EVENTLOG:
            named.add("eventlog.logged_event")
        for table in sorted(named):
            arguments = (list(standing.topics),)
            found.append(
                Check(
                    "topics", service, listeners.FOREIGN_TOPICS, arguments, names={"table": table}
                )
            )
    return found


def _of_ledger(event: dict[str, str]) -> list[Check]:
    said = Told(LEDGER, "ledger.event")
    parts = {
        "links and entries": (
            booked.LINKED,
            booked.TWICE,
            booked.ENTRIES_WITHOUT_LINK,
            booked.NOTED,
        ),
        "chains": (chained.CHAINS, chained.HEADS, chained.SEALS_SAID, chained.SEALS),
        "running totals": (folded.TOTALS,),
        "cells": (
            folded.CELLS,
            folded.REPEATED,
            folded.CELLS_MISSING,
            folded.CONTRIBUTORS,
            folded.FUNDERS,
            folded.DOUBLE_FUNDINGS,
        ),
        "deliveries": (folded.DELIVERIES,),
        "episodes": (episodes.EPISODES,),
    }
    return [
        Check(part, LEDGER, statement, names=event, told=said)
        for part, statements in parts.items()
        for statement in statements
    ]


def _event(topics: Sequence[Topic]) -> str:
    """How an event is named of which only the id is at hand."""
    return named_in(*(topic.told.table for topic in topics if topic.has_table))


class _Checks:
    """A list of checks that several sessions work off; what they find stays in its order."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self.checks = checks
        self.found = [Findings() for _ in checks]
        # The longest first, so that no session is left alone with one of them at the end.
        longest = sorted(range(len(checks)), key=lambda number: checks[number].part in LONG)
        self._left = [*longest]

    async def work(self, connection: "Connection") -> Findings:
        while self._left:
            number = self._left.pop()
            self.found[number] = await self.checks[number].run(connection)
        return Findings()


@dataclass(slots=True)
class _Counted:
    whole: int
    count: Count
    read: int = 0

    def add(self, records: int) -> None:
        self.read += records
        self.count(self.read, self.whole)


async def _together(*works: Coroutine[Any, Any, Findings]) -> list[Findings]:
    """Await all; where one fails, end the others and fail as it did."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
