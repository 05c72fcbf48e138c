"""Clearing and timeliness: where promises have ended, and how long what is written waits."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from deploy.checking import tables
from deploy.checking.findings import Findings
from deploy.checking.settling import LEDGER
from deploy.reconciling import statements
from deploy.reconciling.result import Booked, Cleared, Waiting
from deploy.reconciling.topics import Topic

if TYPE_CHECKING:
    from deploy.checking.tables import Connection

LATE_S: Final = 300.0
"""What is unsent or unapplied for longer is no longer on its way."""


async def moment(connection: "Connection") -> tuple[date, datetime]:
    """Return the business date and the database's clock at the snapshot."""
    [row] = await tables.fetch(connection, LEDGER, statements.BUSINESS_DATE)
    return row["day"], row["at"]


async def waiting(
    connection: "Connection", services: Iterable[str], topics: Iterable[Topic]
) -> list[Waiting]:
    found = [
        Waiting(service, row["kind"], row["events"], row["oldest_s"])
        for service in services
        for row in await tables.fetch(connection, service, statements.WAITING)
    ]
    unapplied: dict[str, list[tuple[int, float | None]]] = {}
    for topic in topics:
        for listener, told in topic.unapplied.items():
            unapplied.setdefault(listener, []).append(told)
    for listener, counts in unapplied.items():
        ages = [age for _, age in counts if age is not None]
        oldest_s = max(ages, default=None)
        found.append(Waiting(listener, "unapplied", sum(n for n, _ in counts), oldest_s))
    return found


def name_stuck(found: Iterable[Waiting], findings: Findings) -> None:
    """Held and parked events stay away from the books; the others are late after a while."""
    for one in found:
        late = (one.oldest_s or 0) > LATE_S
        if one.events and (one.kind in {"held", "parked"} or late):
            age = f", the oldest for {one.oldest_s:.0f} s" if one.oldest_s is not None else ""
            findings.add(one.kind, one.service, "events", "none", f"{one.events}{age}")


async def booked(connection: "Connection") -> Booked:
    [row] = await tables.fetch(connection, LEDGER, statements.BOOKED_AFTER)
    return Booked(row["links"], row["p50_s"], row["p99_s"])


async def cleared(connection: "Connection", day: date, findings: Findings) -> Sequence[Cleared]:
    for row in await tables.fetch(connection, LEDGER, statements.UNCLEARED):
        where = f"{row['commitment_id']} for {row['home_id']}, {row['resource']}, {row['month']}"
        ended = ("delivered", "withdrawn", "lapsed", "lowered", "outstanding")
        told = ", ".join(f"{name} {row[name]}" for name in ended)
        findings.add("unbalanced", LEDGER, where, f"{row['promised']} promised and ended", told)
    for row in await tables.fetch(connection, LEDGER, statements.UNSETTLED_CELLS):
        where = f"cell {row['home_id']}, {row['resource']}, {row['month']}"
        expected = f"promised {row['expected']}, as its promises have outstanding"
        findings.add("unbalanced", LEDGER, where, expected, row["found"])
    rows = await tables.fetch(connection, LEDGER, statements.CLEARED, day)
    return [
        Cleared(row["resource"], *(int(row[name]) for name in Cleared.__slots__[1:]))
        for row in rows
    ]
