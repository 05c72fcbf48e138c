"""Two homes that have nothing to do with each other, and what in this world is whose."""

import re
from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from rich.console import Console

from deploy import demo
from deploy.database import AUDITOR, Database, connected
from deploy.progress import Progress
from deploy.services import SERVICES
from deploy.story.script import FIRST_HOME
from shared.contracts.registry import PARTNERS
from shared.schema import KEEP_PEOPLE
from tests.flows.test_stories import SECOND_HOME
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.stack import ServiceProcess, Stack

MARK: Final = re.compile(
    r"(?<![0-9a-f])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}|[0-9a-f]{32}"
    r"|[0-9a-f]{16})(?![0-9a-f])"
)
"""Ids of everything, and hashes: random, so that each belongs to one thing alone."""

EVENTS: Final = """
SELECT key, concat_ws(' ', event_id, stream, correlation, causation, convert_from(body, 'UTF8'))
           AS told, event_id::text, stream
FROM {service}.event
"""
PARTIES: Final = "SELECT DISTINCT organisation_id, home_id FROM organisations.party"
ASKED: Final = """
SELECT ask_id, home_id, organisation_id FROM {partner}.ask JOIN {partner}.organisation
ON sectors && asked OR (escalated_on IS NOT NULL AND 'government' = ANY (sectors))
"""
LEASES: Final = "SELECT lease_id FROM rent_sponsorship.lease"
NAMES: Final = "SELECT organisation_id, name FROM organisations.name"
UNSETTLED: Final = """
SELECT (SELECT count(*) FROM {service}.outbox) + (SELECT count(*) FROM {service}.held)
"""
LOGGED: Final = "SELECT count(*) FROM eventlog.logged_event"


def name_of(organisation_id: str) -> str:
    """What everybody is called whom an organisation has registered."""
    return f"Somebody of {organisation_id[::-1]}"


def marks_in(text: str) -> set[str]:
    return {found.replace("-", "") for found in MARK.findall(text)}


@dataclass(frozen=True)
class World:
    """Who is there, with which key, and the marks of each home's and organisation's own events."""

    database: Database
    operator_key: str
    keys: Mapping[str, str]
    """By organisation."""
    homes: Mapping[str, AbstractSet[str]]
    """By organisation: the homes that it is party to."""
    names: Mapping[str, str]
    marks: Mapping[str, AbstractSet[str]]
    """By home, organisation, or whatever else events are ordered by."""
    event_ids: Mapping[str, list[str]]
    streams: Mapping[str, list[str]]
    asks: AbstractSet[tuple[str, str]]
    """Each with its home."""
    leases: AbstractSet[str]
    asked: Mapping[str, AbstractSet[str]]
    """By organisation: marks of what it is asked for, by whichever home."""
    people: Mapping[str, list[str]]
    """By organisation: whom it has registered."""

    def own(self, organisation_id: str) -> set[str]:
        """What an organisation may read of: its own events, its homes', and everyone's."""
        groups = {organisation_id, *self.homes[organisation_id], *self._everyones()}
        told = {*self.asked.get(organisation_id, ()), *self.people[organisation_id]}
        return told.union(*(self.marks.get(group, ()) for group in groups))

    def foreign(self, organisation_id: str) -> set[str]:
        """Marks of homes and organisations that it may never see; names as they are."""
        own = self.own(organisation_id)
        all_of_them = {mark for marks in self.marks.values() for mark in marks}
        people = {one for registered in self.people.values() for one in registered}
        names = {name for one, name in self.names.items() if one not in own}
        theirs = {name_of(one) for one in self.people if one != organisation_id}
        return ((all_of_them | people) - own) | names | theirs

    def called(self) -> set[str]:
        """What organisations, and people, are called."""
        return {*self.names.values(), *map(name_of, self.people)}

    def _everyones(self) -> set[str]:
        all_homes = {home for homes in self.homes.values() for home in homes}
        return set(self.marks) - all_homes - set(self.homes)


async def tell_both_stories(stack: Stack, database: Database, folder: Path) -> World:
    """Let all eight services hear both stories, each with partners of its own."""
    running = launched(stack, database)
    for process in running:
        await process.ready(within_seconds=60)
    addresses = {process.service.name: process.url for process in running}
    progress = Progress(Console(quiet=True))
    keys: dict[str, str] = {}
    for number, script in enumerate((FIRST_HOME, SECOND_HOME)):
        kept = folder / f"keys-{number}.json"
        played = await demo.run(addresses, stack.operator_key, kept, progress, script)
        keys |= {
            str(played.words[who]): key
            for who, key in played.keys.items()
            if who in played.script.partners
        }
    await assert_eventually(lambda: _all_is_logged(database), within_seconds=60)
    people: dict[str, list[str]] = defaultdict(list)
    for service, (organisation_id, key) in product(KEEP_PEOPLE, keys.items()):
        somebody = {"name": name_of(organisation_id), "retained_until": "2999-03-31"}
        told = await Caller(addresses[service], key).done("/v1/people", somebody)
        people[organisation_id].append(told["person_id"])
    for process in running:
        await process.stop()
    return await _known(database, stack.operator_key, keys, people)


def launched(stack: Stack, database: Database) -> list[ServiceProcess]:
    running = [stack.process(service.name, database) for service in SERVICES]
    for process in running:
        process.launch()
    return running


async def _all_is_logged(database: Database) -> bool:
    async with connected(database.url(AUDITOR)) as connection:
        left = [await connection.fetchval(UNSETTLED.format(service=one.name)) for one in SERVICES]
        told = [
            await connection.fetchval(f"SELECT count(*) FROM {one.name}.event")  # noqa: S608
            for one in SERVICES
        ]
        return not any(left) and await connection.fetchval(LOGGED) == sum(told)


async def _known(
    database: Database,
    operator_key: str,
    keys: Mapping[str, str],
    people: Mapping[str, list[str]],
) -> World:
    marks: dict[str, set[str]] = defaultdict(set)
    event_ids, streams = defaultdict(list), defaultdict(set)
    homes: dict[str, set[str]] = {who: set() for who in keys}
    asks: set[tuple[str, str]] = set()
    asked: dict[str, set[str]] = defaultdict(set)
    async with connected(database.url(AUDITOR)) as connection:
        for service in SERVICES:
            for row in await connection.fetch(EVENTS.format(service=service.name)):
                marks[row["key"]] |= marks_in(row["told"])
                event_ids[row["key"]].append(row["event_id"])
                streams[row["key"]].add(row["stream"])
        for partner in PARTNERS:
            for row in await connection.fetch(ASKED.format(partner=partner)):
                asks.add((row["ask_id"], row["home_id"]))
                asked[row["organisation_id"]] |= {row["ask_id"], row["home_id"]}
        for row in await connection.fetch(PARTIES):
            homes[row["organisation_id"]].add(row["home_id"])
        leases = {row["lease_id"] for row in await connection.fetch(LEASES)}
        names = {row["organisation_id"]: row["name"] for row in await connection.fetch(NAMES)}
    return World(
        database,
        operator_key,
        keys,
        homes,
        {who: name for who, name in names.items() if who in keys},
        marks,
        event_ids,
        {key: sorted(found) for key, found in streams.items()},
        asks,
        leases,
        asked,
        people,
    )
