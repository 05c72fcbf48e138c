"""The ledger's consumer on a database of its own, fed by a test instead of Kafka."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from deploy.database import Database
from services.ledger.consumers.books import Books
from shared.access import register
from shared.business_date import BusinessDate
from shared.consuming import statements as sql
from shared.consuming.applying import Reactions
from shared.consuming.batch import Batches, Effect
from shared.consuming.record import StoredRecord
from shared.contracts.event import Month, Place
from shared.contracts.homes import BusinessDateAdvanced
from shared.handling import Transactions
from shared.postgres import Pool, connect_pool
from tests.support.records import Log

PLACES: tuple[Place, ...] = ("open", "promised", "delivered", "confirmed")
Cells = Counter[tuple[str, Month, Place]]


@dataclass
class Ledger:
    pool: Pool
    batches: Batches
    business_date: BusinessDate

    async def hear(self, records: Sequence[StoredRecord]) -> Effect:
        return await self.batches.transact(records)

    async def know(self, log: Log) -> None:
        await self.pool.execute(sql.KNOW_PARTITIONS, *log.partitions())

    async def cells(self, home_id: str) -> Cells:
        found: Cells = Counter()
        for row in await self.pool.fetch("SELECT * FROM cell WHERE home_id = $1", home_id):
            where = row["resource"], row["month"]
            found[*where, "need"] = -row["required"]
            for place in PLACES:
                found[*where, place] = row[place]
        return found


@asynccontextmanager
async def ledger_on(
    database: Database, *, simulated: bool = True, query: str = ""
) -> AsyncIterator[Ledger]:
    """`query` is what its connections are told of beyond their address."""
    pool = await connect_pool(f"{database.url('ledger')}{query}")
    readers = await connect_pool(f"{database.url('ledger_reader')}{query}")
    date = BusinessDate(simulated=simulated)
    reactions = register.reactions() | {BusinessDateAdvanced: date.reaction()}
    batches = Batches(
        Transactions(pool, "ledger", readers=readers), Books(date, Reactions(reactions))
    )
    try:
        yield Ledger(pool, batches, date)
    finally:
        await readers.close()
        await pool.close()
