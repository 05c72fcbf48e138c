"""The first ledger's links and seals hashed anew: its order of booking, Kafka's bytes."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from deploy.rebuilding.differing import LINKS, NONE, Difference
from services.ledger.domain.links import Link, link_hash, seal_hash

if TYPE_CHECKING:
    from deploy.rebuilding.second import Connection

PREFETCHED: Final = 2_000

IN_ORDER: Final = f"""
-- Links as they were booked, each with the digest of the bytes that Kafka holds.
SELECT first.*, second.digest AS told FROM ({LINKS}) AS first
LEFT JOIN link AS second USING (event_id) ORDER BY first.home_id, first.number
"""  # noqa: S608 - a statement of our own
HEADS: Final = "SELECT home_id, links, hash FROM first_head ORDER BY home_id"
SEALS: Final = """
-- Each month's seal with the last link that it counts, and the one after it.
SELECT seal.*, last.hash AS last_hash, last.business_date AS last_date,
       next.business_date AS next_date
FROM first_seal AS seal
LEFT JOIN ledger.link AS last ON (last.home_id, last.number) = (seal.home_id, seal.links)
LEFT JOIN ledger.link AS next
    ON (next.home_id, next.number) = (seal.home_id, seal.links + 1)
ORDER BY seal.home_id, seal.month
"""


@dataclass(slots=True)
class Found:
    """The differences of one kind, in the order in which they are come upon."""

    kind: str
    number: int = 0
    first: Difference | None = None
    looked_at: int = 0

    def add(self, name: str, first: str, second: str) -> None:
        self.number += 1
        if self.first is None:
            self.first = Difference(self.kind, 0, name, first, second)

    def difference(self) -> Difference | None:
        one = self.first
        if one is None:
            return None
        return Difference(self.kind, self.number, one.name, one.first, one.second)


@dataclass(slots=True)
class Chains:
    """Each link must follow from the one before it as that is written, and end at its head."""

    found: Found = field(default_factory=lambda: Found("chain"))
    _last: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def follow(self, row: Mapping[str, Any]) -> None:
        self.found.looked_at += 1
        number, previous = self._last.get(row["home_id"], (0, None))
        where = f"{row['home_id']}/{row['number']}"
        if row["number"] != number + 1:
            self.found.add(where, f"link {row['number']}", f"link {number + 1}")
        link = Link(*(row[name] for name in Link._fields))
        expected = link_hash(previous, link._replace(digest=row["told"] or link.digest))
        if expected != row["hash"]:
            self.found.add(where, row["hash"].hex(), expected.hex())
        self._last[row["home_id"]] = row["number"], row["hash"]

    def end(self, head: Mapping[str, Any]) -> None:
        number, expected = self._last.get(head["home_id"], (0, None))
        if (head["links"], head["hash"]) != (number, expected):
            was = f"{head['links']} links to {_hex(head['hash'])}"
            self.found.add(f"{head['home_id']}, head", was, f"{number} to {_hex(expected)}")


async def chain_difference(connection: "Connection") -> tuple[Difference | None, int]:
    """Return what is found, and how many links were looked at."""
    chains = Chains()
    async for row in _rows(connection, IN_ORDER):
        chains.follow(row)
    async for head in _rows(connection, HEADS):
        chains.end(head)
    return chains.found.difference(), chains.found.looked_at


async def seal_difference(connection: "Connection") -> tuple[Difference | None, int]:
    found = Found("seal")
    before: dict[str, bytes] = {}
    async for row in _rows(connection, SEALS):
        found.looked_at += 1
        for first, second in _unsealed(row, before.get(row["home_id"])):
            found.add(f"{row['home_id']}/{row['month']}", first, second)
        before[row["home_id"]] = row["hash"]
    return found.difference(), found.looked_at


def _unsealed(row: Mapping[str, Any], previous: bytes | None) -> Iterator[tuple[str, str]]:
    """What a seal says, and what it would have to say."""
    if row["last_hash"] is None:
        yield f"{row['links']} links", "fewer"
        return
    later, earlier = row["last_date"], row["next_date"]
    if f"{later:%Y-%m}" > row["month"] or (earlier and f"{earlier:%Y-%m}" <= row["month"]):
        yield f"{row['links']} links", f"others, link {row['links']} is of {later}"
    where = row["home_id"], row["month"], row["links"], row["last_hash"]
    expected = seal_hash(previous, *where)
    if (row["link_hash"], row["hash"]) != (row["last_hash"], expected):
        yield row["hash"].hex(), expected.hex()


async def _rows(connection: "Connection", statement: str) -> AsyncIterator[Mapping[str, Any]]:
    async for row in connection.cursor(statement, prefetch=PREFETCHED):
        yield dict(row)


def _hex(value: bytes | None) -> str:
    return NONE if value is None else value.hex()
