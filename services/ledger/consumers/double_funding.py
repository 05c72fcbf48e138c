"""Looks into the few cells of a batch that public support and a sponsor may both have funded."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from services.ledger.domain.double_funding import DoubleFunding, Funding, suspects
from services.ledger.domain.posting import Cell, CellName
from services.ledger.repository import double_funding as sql
from shared.postgres import Connection, columns


async def find_double_funding(
    connection: Connection, cells: Iterable[Cell]
) -> Collection[DoubleFunding]:
    """Weigh them anew from their entries, the batch's own too, and keep how they stand."""
    beyond = suspects(cells)
    if not beyond:
        return ()
    funding = await _funding(connection, beyond)
    found = {name: DoubleFunding(*name) for name in beyond}
    for row in await connection.fetch(sql.DOUBLE_FUNDING_OF, *columns(beyond, 3)):
        found[row["home_id"], row["resource"], row["month"]] = DoubleFunding(*row)
    for name, twice in found.items():
        twice.weigh(beyond[name], funding[name])
    standing = [twice for twice in found.values() if twice.episode]
    rows = [
        (t.home_id, t.resource, t.month, t.episode, t.excess, t.organisations) for t in standing
    ]
    await connection.executemany(sql.STAND_FUNDED_TWICE, rows)
    return standing


async def _funding(
    connection: Connection, names: Iterable[CellName]
) -> Mapping[CellName, Collection[Funding]]:
    funding: dict[CellName, list[Funding]] = defaultdict(list)
    for row in await connection.fetch(sql.FUNDING_OF, *columns(names, 3)):
        where = row["home_id"], row["resource"], row["month"]
        funding[where].append(Funding(row["topic"], row["organisation_id"], row["quantity"]))
    return funding
