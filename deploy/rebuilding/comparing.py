"""Both ledgers, read as far as the same offsets, held against each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from deploy.rebuilding.chains import chain_difference, seal_difference
from deploy.rebuilding.differing import KINDS, Difference, difference

if TYPE_CHECKING:
    from deploy.rebuilding.second import Connection

COUNTED: Final = """
SELECT (SELECT count(*) FROM first_head) AS homes,
       (SELECT count(*) FROM entry) AS entries,
       (SELECT count(*) FROM first_cell) AS cells,
       (SELECT count(*) FROM first_cell WHERE announced > 0) AS shortfalls,
       (SELECT count(*) FROM first_delivery) AS deliveries,
       (SELECT count(*) FROM first_delivery WHERE excess > 0) AS discrepancies,
       (SELECT count(*) FROM first_parked) AS parked
"""
MEMORY: Final = "SET LOCAL work_mem = '64MB'"

Say = Callable[[str], None]


@dataclass(slots=True)
class Comparison:
    counts: Mapping[str, int]
    """What was compared, and how much of it."""
    differences: list[Difference] = field(default_factory=list)

    @property
    def number(self) -> int:
        return sum(one.number for one in self.differences)


async def compare(connection: "Connection", say: Say) -> Comparison:
    """Compare in one snapshot; the second ledger stands still, the first's past does anyway."""
    await connection.execute("ANALYZE link, entry, cell")
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute(MEMORY)
        counted = await connection.fetchrow(COUNTED)
        assert counted is not None  # noqa: S101  it has no WHERE
        found = []
        for kind in KINDS:
            say(f"comparing: {kind.name}")
            found.append(await difference(connection, kind))
        say("comparing: hashes in the order of booking")
        chain, links = await chain_difference(connection)
        seal, seals = await seal_difference(connection)
    counts = {**dict(counted), "links": links, "seals": seals}
    return Comparison(counts, [one for one in (*found, chain, seal) if one is not None])
