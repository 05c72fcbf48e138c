"""A service's own tables, with an applier that writes down what it was given."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import asyncpg
import pytest

from deploy.database import Database
from shared.consuming.applying import Outcome
from shared.consuming.batch import Batches
from shared.consuming.parking import Parking
from shared.consuming.record import Received
from shared.envelope import Unreadable
from shared.handling import Transactions
from shared.postgres import Pool, connect_pool
from shared.work import Work
from tests.support.stack import Stack

SERVICE: Final = "rent_sponsorship"

EFFECTS: Final = """
CREATE TABLE rent_sponsorship.effect (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL, stream text NOT NULL, version bigint NOT NULL, quantity bigint
);
GRANT SELECT, INSERT ON rent_sponsorship.effect TO rent_sponsorship;
"""

# As a replica: nothing else empties tables to which one can only add.
EMPTY: Final = """
SET session_replication_role = replica;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'rent_sponsorship' AND tablename <> 'schema_migrations'
    LOOP EXECUTE format('DELETE FROM rent_sponsorship.%I', name); END LOOP;
END $$
"""

WRITE_EFFECT: Final = (
    "INSERT INTO effect (event_id, stream, version, quantity) VALUES ($1,$2,$3,$4)"
)

Fault = Exception


class Poison(Exception):
    """What an applier says of an event that it cannot apply."""


@dataclass
class Effects:
    """Applies an event by writing it down; fails where its body, or the test, says so."""

    faults: list[Fault] = field(default_factory=list)
    """Raised once each, after the effects of a batch are written."""
    poisonous: bool = True
    """Whether a body that says poison cannot be applied."""

    def check(self, received: Received) -> None:
        if b"breaks the contract" in received.body and self.poisonous:
            raise Unreadable("its body says so")

    async def apply(self, work: Work, batch: Sequence[Received]) -> Mapping[UUID, Outcome]:
        for received in batch:
            envelope = received.envelope
            quantity = 10**30 if b"huge" in received.body else 1
            text = "\x00" if b"null character" in received.body else envelope.stream
            at = envelope.event_id, text, envelope.version, quantity
            await work.connection.execute(WRITE_EFFECT, *at)
            if b"poison" in received.body and self.poisonous:
                raise Poison(f"{received.body!r}\x00")
        if self.faults:
            raise self.faults.pop(0)
        return dict.fromkeys((r.envelope.event_id for r in batch), "applied")


@dataclass
class Listening:
    """One service's consumer side, without Kafka."""

    database: Database
    pool: Pool
    effects: Effects = field(default_factory=Effects)

    @property
    def url(self) -> str:
        return self.database.url(SERVICE)

    @property
    def transactions(self) -> Transactions:
        return Transactions(self.pool, SERVICE)

    @property
    def batches(self) -> Batches:
        return Batches(self.transactions, self.effects)

    @property
    def parking(self) -> Parking:
        return Parking(self.transactions, self.effects)

    async def applied(self) -> list[tuple[str, int]]:
        """Every effect there is, in the order in which they came about."""
        rows = await self.pool.fetch("SELECT stream, version FROM effect ORDER BY place")
        return [(row["stream"], row["version"]) for row in rows]

    async def offsets(self) -> dict[int, int]:
        rows = await self.pool.fetch("SELECT partition, next_offset FROM consumer_offset")
        return {row["partition"]: row["next_offset"] for row in rows}

    async def parked(self) -> list[tuple[int, str]]:
        """Offset and reason of what is parked, in the log's order."""
        rows = await self.pool.fetch('SELECT "offset", reason FROM parked ORDER BY 1')
        return [(row["offset"], row["reason"]) for row in rows]

    async def held(self) -> list[int]:
        """The versions that wait."""
        rows = await self.pool.fetch("SELECT version FROM held ORDER BY stream, version")
        return [row["version"] for row in rows]


@pytest.fixture(scope="session")
async def kept(stack: Stack) -> AsyncIterator[Database]:
    """One database for this folder: to copy one for each test would take longer than the tests."""
    made = await stack.database(SERVICE)
    connection = await asyncpg.connect(made.administrator())
    await connection.execute(EFFECTS)
    await connection.close()
    yield made
    await stack.drop(made)


@pytest.fixture
async def own(kept: Database) -> Database:
    """The tables of one service, and one more for effects, all of them empty."""
    connection = await asyncpg.connect(kept.administrator())
    await connection.execute(EMPTY)
    await connection.close()
    return kept


@pytest.fixture
async def pool(own: Database) -> AsyncIterator[Pool]:
    opened = await connect_pool(own.url(SERVICE))
    yield opened
    opened.terminate()


@pytest.fixture
async def listening(own: Database, pool: Pool) -> Listening:
    return Listening(own, pool)
