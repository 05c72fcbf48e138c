"""How the books stand, and how far a second ledger has come."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from deploy.database import AUDITOR, SHADOW, Database, connected
from deploy.rebuilding.second import EXISTS

BOOKS: Final = """
SELECT (SELECT count(*) FROM ledger.head) AS homes,
       (SELECT COALESCE(sum(links), 0)::bigint FROM ledger.head) AS links,
       (SELECT count(*) FROM ledger.cell) AS cells,
       (SELECT count(*) FROM ledger.cell WHERE announced > 0) AS shortfalls,
       (SELECT count(*) FROM ledger.delivery WHERE excess > 0) AS discrepancies,
       (SELECT count(*) FROM ledger.parked) AS parked,
       (SELECT count(*) FROM ledger.held) AS held,
       (SELECT COALESCE(sum(next_offset), 0)::bigint FROM ledger.consumer_offset) AS read,
       (SELECT max(booked_at) FROM ledger.head WHERE links > 0) AS booked_at
"""
SECOND: Final = """
SELECT begun_at, finished_at, differences,
       (SELECT COALESCE(sum(next_offset), 0)::bigint FROM ledger_rebuild.consumer_offset) AS read
FROM ledger_rebuild.rebuild
"""
COUNTED: Final = ("homes", "links", "cells", "shortfalls", "discrepancies", "parked", "held")


@dataclass(frozen=True, slots=True)
class Rebuilt:
    begun_at: datetime
    finished_at: datetime | None
    differences: int | None
    read: int


@dataclass(frozen=True, slots=True)
class Standing:
    counts: dict[str, int]
    read: int
    booked_at: datetime | None
    second: Rebuilt | None


async def look(database: Database) -> Standing | None:
    """Return how both stand; None where there is no ledger."""
    async with connected(database.url(AUDITOR)) as connection:
        if not await connection.fetchval(EXISTS, "ledger.head"):
            return None
        books = await connection.fetchrow(BOOKS)
        assert books is not None  # noqa: S101  it has no WHERE
        second = None
        if await connection.fetchval(EXISTS, f"{SHADOW}.rebuild"):
            row = await connection.fetchrow(SECOND)
            second = None if row is None else Rebuilt(**row)
    counts = {name: books[name] for name in COUNTED}
    return Standing(counts, books["read"], books["booked_at"], second)


def lines(standing: Standing) -> Iterator[str]:
    yield "on the books: " + ", ".join(f"{n:,} {name}" for name, n in standing.counts.items())
    last = "nothing yet" if standing.booked_at is None else _at(standing.booked_at)
    yield f"read from Kafka: {standing.read:,} records; last booked: {last}"
    second = standing.second
    if second is None:
        yield "second ledger: none"
    elif second.finished_at is None:
        yield (
            f"second ledger: begun {_at(second.begun_at)}, {second.read:,} of {standing.read:,} "
            "records; `yui ledger rebuild` goes on with it"
        )
    else:
        yield (
            f"second ledger: finished {_at(second.finished_at)} with {second.differences:,} "
            "differences, and kept"
        )


def _at(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")
