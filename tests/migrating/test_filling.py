"""What the previous release has booked gets its hashes and running totals, and nothing else."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import pytest

from deploy import database as databases
from deploy.database import OWNER, Database, connected, declare
from deploy.services import BY_NAME
from shared.ids import new_id
from tests.ledger.chain import first_broken
from tests.migrating.files import files_of, is_released, run_files
from tests.support.stack import Stack

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

PLACES = ("need", "open", "promised", "delivered", "confirmed")
WORDS = ("plain", 'quoted "\\', "line\nfeed\ttab\b\f\r", "\x01\x1f\x7f", "結 🏠", "/<&>'", "")
BEGAN = datetime(2011, 8, 1, tzinfo=UTC)
EVENT = """
INSERT INTO event (event_id, stream, version, key, type, body, recorded_at, correlation)
VALUES ($1, $2, $3, 'h', 'rent_sponsorship.RentPaid.v1', $4, $5, 'c')
"""
LINK = """
INSERT INTO link (home_id, number, event_id, type, stream, version, topic, partition, "offset",
                  correlation, causation, recorded_at, booked_at, business_date)
VALUES ($1, $2, $3, 'rent_sponsorship.RentPaid.v1', $4, $5, 'yui.rent_sponsorship.v1', 3, $6, $7,
        $8, $9::timestamptz, $9::timestamptz, $9::timestamptz::date)
"""
ENTRY = """
INSERT INTO entry (home_id, number, position, resource, month, moved_from, moved_to, quantity,
                   organisation_id)
VALUES ($1, $2, $3, 'rent', $4, $5, $6, $7, $8)
"""


def later() -> list[Path]:
    return [path for path in files_of("ledger") if not is_released(path)]


def upto(name: str) -> list[Path]:
    """The migrations of the ledger that are new, up to the one of this name."""
    names = [path.name.partition("_")[2] for path in later()]
    return later()[: names.index(f"{name}.sql") + 1]


def after(name: str) -> list[Path]:
    return later()[len(upto(name)) :]


@pytest.fixture(scope="module")
async def previous(stack: Stack) -> AsyncIterator[Database]:
    """A ledger's schema as the previous release made it."""
    stack.copies += 1
    made = Database(stack.servers.database_url, f"test_{stack.copies}", stack.state)
    await declare(made, [BY_NAME["ledger"]])
    async with owning(made) as connection:
        await run_files(connection, filter(is_released, files_of("ledger")))
    yield made
    await stack.drop(made)


@pytest.fixture
async def connection(stack: Stack, previous: Database) -> AsyncIterator["Connection"]:
    """The owner's connection to a copy of it."""
    stack.copies += 1
    made = await databases.copy(previous, f"test_{stack.copies}", [BY_NAME["ledger"]])
    async with owning(made) as connection:
        yield connection
    await stack.drop(made)


@asynccontextmanager
async def owning(database: Database) -> AsyncIterator["Connection"]:
    async with connected(database.url(OWNER)) as connection:
        await connection.execute("SET search_path = ledger")
        yield connection


@dataclass
class Past:
    """Books as the previous release has written them: links without hash, entries without sum."""

    connection: "Connection"
    random: Random

    async def book(self, home_id: str, numbers: Iterable[int], *, told: bool = True) -> None:
        for number in numbers:
            at = BEGAN + timedelta(microseconds=self.random.randrange(1_000_000) + 10**6 * number)
            event_id, stream = new_id(), f"{self.random.choice(WORDS)}/{home_id}"
            if told:
                await self.tell(event_id, stream, number, at)
            cause = new_id() if self.random.random() < 0.5 else None
            word = self.random.choice(WORDS)
            where = home_id, number, event_id, stream, number
            await self.connection.execute(LINK, *where, number, word, cause, at)
            for position in range(1, self.random.randrange(2, 5)):
                month, places = self.random.choice(MONTHS), self.random.sample(PLACES, 2)
                quantity, whose = (
                    self.random.randrange(1, 99),
                    self.random.choice(("o", "p", None)),
                )
                entry = home_id, number, position, month, *places, quantity, whose
                await self.connection.execute(ENTRY, *entry)
        await self.connection.execute(
            "INSERT INTO head VALUES ($1, $2) ON CONFLICT (home_id) DO UPDATE SET number = $2",
            home_id,
            max(numbers),
        )

    async def tell(self, event_id: UUID, stream: str, version: int, at: datetime) -> None:
        body = self.random.randbytes(40)
        await self.connection.execute(EVENT, event_id, stream, version, body, at)


MONTHS = ("2011-08", "2011-09")


async def rows(connection: "Connection", statement: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await connection.fetch(statement)]


def wrong_totals(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fold the entries of each cell anew."""
    cells: dict[tuple[str, str, str], dict[str, int]] = {}
    wrong = []
    for entry in entries:
        name = entry["home_id"], entry["resource"], entry["month"]
        cell = cells.setdefault(name, dict.fromkeys(PLACES, 0))
        cell[entry["moved_from"]] -= entry["quantity"]
        cell[entry["moved_to"]] += entry["quantity"]
        expected = {"required": -cell["need"], **{p: cell[p] for p in PLACES[1:]}}
        if {name: entry[name] for name in expected} != expected:
            wrong.append(entry)
    return wrong


LINKS = "SELECT * FROM link WHERE home_id = '{}' ORDER BY number"
ENTRIES = "SELECT * FROM entry ORDER BY home_id, number, position"


async def test_old_links_and_entries_are_filled_home_by_home_and_what_comes_meanwhile(
    connection: "Connection",
) -> None:
    past = Past(connection, Random(1))
    for home_id in ("home-1", 'home "2" 結'):
        await past.book(home_id, range(1, 40))
    await run_files(connection, upto("proof_filling"))
    await connection.execute("CALL fill_proof(7)")
    await past.book("home-1", range(40, 60))
    await past.book("home-3", range(1, 4))
    await run_files(connection, after("proof_filling"))
    bodies = {row["event_id"]: row["body"] for row in await rows(connection, "TABLE event")}
    for home in await rows(connection, "SELECT * FROM head"):
        links = await rows(connection, LINKS.format(home["home_id"]))
        assert len(links) == home["links"] > 2
        assert first_broken(links) is None
        assert [one["digest"] for one in links] == [
            sha256(bodies[one["event_id"]]).digest() for one in links
        ]
        last = links[-1]
        assert (home["hash"], home["business_date"]) == (last["hash"], last["business_date"])
    entries = await rows(connection, ENTRIES)
    assert len(entries) > 60
    assert wrong_totals(entries) == []
    contributed = {
        (entry["organisation_id"], entry["home_id"])
        for entry in entries
        if entry["organisation_id"]
    }
    assert {tuple(row.values()) for row in await rows(connection, "TABLE contributor")} == (
        contributed
    )


async def test_a_backfill_that_was_broken_off_goes_on_where_it_stopped(
    connection: "Connection",
) -> None:
    past = Past(connection, Random(2))
    await past.book("home", range(1, 11))
    await past.book("home", [11], told=False)
    await run_files(connection, upto("proof_filling"))
    with pytest.raises(asyncpg.RaiseError, match="link home/11 is of event"):
        await connection.execute("CALL fill_proof(5)")
    filled = await rows(connection, LINKS.format("home"))
    assert [one["hash"] is not None for one in filled] == [True] * 10 + [False]
    await past.tell(filled[-1]["event_id"], "restored", 1, BEGAN)
    await run_files(connection, after("proof_filling"))
    links = await rows(connection, LINKS.format("home"))
    assert first_broken(links) is None
    assert links[:10] == filled[:10]


async def test_what_moved_nothing_is_noted_as_far_as_its_event_is_found(
    connection: "Connection",
) -> None:
    past = Past(connection, Random(3))
    found = {}
    for number, (outcome, topic) in enumerate(
        (
            ("no_movement", "yui.rent_sponsorship.v1"),
            ("applied", "yui.homes.v1"),
            ("applied", "yui.organisations.v1"),
            ("booked", "yui.rent_sponsorship.v1"),
            ("discarded", "yui.rent_sponsorship.v1"),
        ),
        start=1,
    ):
        found[outcome, topic] = event_id = new_id()
        await past.tell(event_id, "s", number, BEGAN)
        await connection.execute(
            "INSERT INTO outcome VALUES ($1, $2, $3, 0, $4)", event_id, outcome, topic, number
        )
    unknown = "INSERT INTO outcome VALUES ($1, 'no_movement', 'yui.homes.v1', 0, 9)"
    await connection.execute(unknown, new_id())
    await run_files(connection, later())
    noted = await rows(connection, "TABLE unmoved")
    assert {row["event_id"] for row in noted} == {
        found["no_movement", "yui.rent_sponsorship.v1"],
        found["applied", "yui.homes.v1"],
    }
    assert {row["recorded_at"] for row in noted} == {BEGAN}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE link SET stream = 'another', hash = '' WHERE number = 1",
        "UPDATE link SET number = 9, hash = '' WHERE number = 1",
        "UPDATE entry SET quantity = quantity + 1, required = 0 WHERE number = 1",
        "UPDATE entry SET organisation_id = 'another' WHERE number = 1",
        "DELETE FROM link",
        "TRUNCATE entry",
    ],
)
async def test_while_what_is_empty_may_be_filled_nothing_else_of_the_past_may_change(
    change: str, connection: "Connection"
) -> None:
    await Past(connection, Random(5)).book("home", range(1, 4))
    await run_files(connection, upto("proof_filling"))
    with pytest.raises(asyncpg.RestrictViolationError):
        await connection.execute(change)
    await connection.execute("CALL fill_proof(10)")
    for again in ("UPDATE link SET hash = ''", "UPDATE entry SET required = 0"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(again)
