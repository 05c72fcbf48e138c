"""Sets what the ledger has said against its books, once its events have been recalled.

Its events are conclusions from the books. After its database was put back they tell of bookings
that are still to come: the last word on each cell and delivery is corrected to what the books say
now, the episodes are counted on from there, and then the bookings come again.
"""

from collections.abc import Collection, Sequence

from services.ledger.consumers.posting import Chain, cell_of, lock_chains, stand
from services.ledger.domain.conclusions import conclude
from services.ledger.domain.corrections import (
    LastWords,
    correct_cells,
    correct_deliveries,
    correct_double_funding,
)
from services.ledger.domain.double_funding import DoubleFunding
from services.ledger.domain.posting import PLACES, Cell, DeliveryAccount, Posting
from services.ledger.repository import corrections as sql
from services.ledger.repository.double_funding import STAND_FUNDED_TWICE
from shared.contracts.ledger import LedgerEvent
from shared.contracts.registry import EVENTS_BY_TYPE
from shared.postgres import Connection
from shared.work import Work


async def settle(work: Work, keys: Collection[str]) -> None:
    """Say what the books say, of every home of which an event was recalled."""
    connection = work.connection
    streams = [f"{LedgerEvent.category}/{key}" for key in keys]
    said_last = {
        r["home_id"]: r["version"] for r in await connection.fetch(sql.SAID_LAST, streams)
    }
    if not said_last:
        return
    homes = sorted(said_last)
    chains = await lock_chains(connection, homes)
    for chain in chains.values():
        chain.stream_version = said_last[chain.home_id]
    said = await _last_words(connection, homes)
    cells = await _cells(connection, homes, said)
    deliveries = await _deliveries(connection, homes, said)
    twice = await _double_funding(connection, homes, said)
    correct_cells(cells, said.shortfalls)
    correct_deliveries(deliveries, said.discrepancies)
    correct_double_funding(twice, said.double_funding)
    for event in conclude(cells, deliveries, twice):
        chain = chains[event.home_id]
        chain.stream_version += 1
        work.note(event, chain.stream_version)
    await _keep(connection, cells, deliveries, twice, list(chains.values()))


async def _last_words(connection: Connection, homes: Sequence[str]) -> LastWords:
    said = LastWords()
    streams = [f"{LedgerEvent.category}/{home_id}" for home_id in homes]
    for row in await connection.fetch(sql.SAID_OF, streams):
        event_type = EVENTS_BY_TYPE.get(row["type"])
        if event_type is not None:
            said.hear(event_type.model_validate_json(row["body"]))
    return said


async def _cells(connection: Connection, homes: Sequence[str], said: LastWords) -> list[Cell]:
    """What is booked, and, with nothing in it, what was said of a cell that is not booked yet."""
    cells = {name: Cell(*name, [0] * len(PLACES)) for name in said.shortfalls}
    for row in await connection.fetch(sql.CELLS_OF_HOMES, homes):
        cells[row["home_id"], row["resource"], row["month"]] = cell_of(row)
    return list(cells.values())


async def _deliveries(
    connection: Connection, homes: Sequence[str], said: LastWords
) -> list[DeliveryAccount]:
    deliveries = {name: DeliveryAccount(*name) for name in said.discrepancies}
    for row in await connection.fetch(sql.DELIVERIES_OF_HOMES, homes):
        deliveries[row["home_id"], row["delivery_id"]] = DeliveryAccount(*row)
    return list(deliveries.values())


async def _double_funding(
    connection: Connection, homes: Sequence[str], said: LastWords
) -> list[DoubleFunding]:
    standing = {name: DoubleFunding(*name) for name in said.double_funding}
    for row in await connection.fetch(sql.DOUBLE_FUNDING_OF_HOMES, homes):
        twice = DoubleFunding(row["home_id"], row["resource"], row["month"])
        twice.excess, twice.organisations = row["excess"], tuple(row["organisations"])
        standing[twice.home_id, twice.resource, twice.month] = twice
    return list(standing.values())


async def _keep(
    connection: Connection,
    cells: Sequence[Cell],
    deliveries: Sequence[DeliveryAccount],
    twice: Sequence[DoubleFunding],
    chains: Sequence[Chain],
) -> None:
    posting = Posting(
        {(c.home_id, c.resource, c.month): c for c in cells},
        {(d.home_id, d.delivery_id): d for d in deliveries},
    )
    await stand(connection, posting, chains)
    rows = [(t.home_id, t.resource, t.month, t.episode, t.excess, t.organisations) for t in twice]
    await connection.executemany(STAND_FUNDED_TWICE, rows)
