"""What rent sponsorship keeps beside the streams of every partner: its leases, by their end."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from shared.commitments import asks
from shared.contracts.event import Event
from shared.contracts.rent_sponsorship import LeaseEnded, LeaseRegistered
from shared.envelope import Envelope
from shared.postgres import Connection

NO_END: Final = date.max
"""What PostgreSQL calls infinity."""

PUT_LEASE: Final = """
-- A lease of a home.
INSERT INTO lease (lease_id, home_id, ends_on) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
"""

END_LEASE: Final = "UPDATE lease SET ends_on = $2 WHERE lease_id = $1"

LEASES_PAGE: Final = """
-- Leases of some homes after a place, the earliest end first, those without one last; null is any.
SELECT lease_id FROM lease
WHERE ($1::text[] IS NULL OR home_id = ANY($1)) AND ($2::date IS NULL OR ends_on < $2)
AND (ends_on, lease_id) > ($3, $4)
ORDER BY ends_on, lease_id LIMIT $5
"""


async def project(connection: Connection, event: Event, envelope: Envelope) -> None:
    """Keep which leases, commitments, offers and declines there are, as they are decided."""
    match event:
        case LeaseRegistered():
            known = event.term_ends_on if event.kind == "fixed_term" else None
            await connection.execute(PUT_LEASE, event.lease_id, event.home_id, known or NO_END)
        case LeaseEnded():
            await connection.execute(END_LEASE, event.lease_id, event.ends_on)
        case _:
            await asks.project(connection, event, envelope)


async def leases_page(
    seen_by: Connection,
    homes: Sequence[str] | None,
    ending_before: date | None,
    after: tuple[date, str],
    limit: int,
) -> Sequence[str]:
    rows = await seen_by.fetch(LEASES_PAGE, homes, ending_before, *after, limit)
    return [row["lease_id"] for row in rows]
