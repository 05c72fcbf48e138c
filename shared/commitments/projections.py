"""What every partner's service keeps beside its streams: homes, needs, receipts, its own lists."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.commitments.commands import HomeStatus
from shared.consuming.applying import Reaction
from shared.contracts.commitment import Agreed
from shared.contracts.event import Event, Month
from shared.contracts.homes import (
    ConfirmationTakenBack,
    DeliveryConfirmed,
    DeliveryDisputed,
    DisputeClosed,
    HomeClosed,
    HomeRegistered,
    NeedRestated,
    OpeningFailed,
)
from shared.envelope import Envelope
from shared.postgres import Connection
from shared.work import Work

HOMES_EVENTS: Final = (
    HomeRegistered,
    HomeClosed,
    NeedRestated,
    DeliveryConfirmed,
    ConfirmationTakenBack,
    DeliveryDisputed,
    DisputeClosed,
)

PUT_HOME: Final = """
-- The register has announced a home.
INSERT INTO home (home_id) VALUES ($1)
ON CONFLICT (home_id) DO NOTHING
"""

CLOSE_HOME: Final = "UPDATE home SET closed_on = $2 WHERE home_id = $1"

FAIL_OPENING: Final = "UPDATE home SET opening_failed = true WHERE home_id = $1"

READ_HOME: Final = """
-- Whether anything can be promised to a home. Held until what is decided from it is committed:
-- whoever releases all that was promised to it waits, and then sees that as well.
SELECT closed_on, opening_failed FROM home WHERE home_id = $1 FOR SHARE
"""

PUT_REQUIRED: Final = """
-- What a home has said that it needs.
INSERT INTO required (home_id, resource, month, quantity)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::bigint[])
ON CONFLICT (home_id, resource, month) DO UPDATE SET quantity = excluded.quantity
"""

READ_REQUIRED: Final = """
-- What a home needs of a resource, by month.
SELECT month, quantity FROM required WHERE home_id = $1 AND resource = $2
"""

PUT_CONFIRMED: Final = """
-- How much of a delivery the home has confirmed.
INSERT INTO receipt (delivery_id, confirmed) VALUES ($1, $2)
ON CONFLICT (delivery_id) DO UPDATE SET confirmed = excluded.confirmed
"""

READ_CONFIRMED: Final = "SELECT confirmed FROM receipt WHERE delivery_id = $1"

OPEN_DISPUTE: Final = """
-- The home disputes a delivery of ours.
INSERT INTO dispute (dispute_id, delivery_id, reason_code) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING
"""

CLOSE_DISPUTE: Final = "DELETE FROM dispute WHERE dispute_id = $1"

IS_DISPUTED: Final = "SELECT true FROM dispute WHERE dispute_id = $1 AND delivery_id = $2"

DISPUTES_OF: Final = "SELECT dispute_id, delivery_id FROM dispute WHERE delivery_id = ANY($1)"

RECEIPTS_OF: Final = "SELECT delivery_id, confirmed FROM receipt WHERE delivery_id = ANY($1)"

PUT_COMMITMENT: Final = """
-- A commitment of this service: all else is told by its stream.
INSERT INTO commitment (category, commitment_id, home_id, organisation_id, lapses)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""

COMMITMENT_IDS: Final = """
-- Commitments of a category, of one organisation, in some homes, after a place; null is any.
SELECT commitment_id FROM commitment
WHERE category = $1 AND ($2::text IS NULL OR organisation_id = $2)
AND ($3::text[] IS NULL OR home_id = ANY($3)) AND commitment_id > $4
ORDER BY commitment_id LIMIT $5
"""

COMMITMENTS_WITH: Final = """
-- All commitments of a category with one home.
SELECT commitment_id FROM commitment
WHERE category = $1 AND home_id = $2 ORDER BY commitment_id
"""

COMMITMENTS_PAGE: Final = """
-- Commitments of a category, of one organisation, in some homes, in the order of a field or
-- against it, after a place; null is any.
SELECT commitment_id FROM (
    SELECT *, CASE $1 WHEN 'home_id' THEN home_id ELSE commitment_id END AS place FROM commitment
) AS placed
WHERE category = $5 AND ($6::text IS NULL OR organisation_id = $6)
AND ($7::text[] IS NULL OR home_id = ANY($7))
AND CASE WHEN $3::text IS NULL THEN true WHEN $2 THEN (place, commitment_id) < ($3, $4)
         ELSE (place, commitment_id) > ($3, $4) END
ORDER BY CASE WHEN $2 THEN place END DESC, CASE WHEN $2 THEN commitment_id END DESC,
         place, commitment_id LIMIT $8
"""

IS_PARTY_IN: Final = """
-- Whether an organisation is party to a home in one of these sectors.
SELECT true FROM party WHERE home_id = $1 AND organisation_id = $2 AND sector = ANY($3) LIMIT 1
"""

MAY_LAPSE: Final = """
-- Commitments whose terms let undelivered promises lapse.
SELECT commitment_id FROM commitment WHERE category = $1 AND lapses ORDER BY commitment_id
"""


async def project(connection: Connection, event: Event, _envelope: Envelope) -> None:
    """Keep which commitments there are, in the transaction that decides them."""
    if isinstance(event, Agreed):
        await connection.execute(
            PUT_COMMITMENT,
            event.category,
            event.commitment_id,
            event.home_id,
            event.organisation_id,
            event.lapse_days is not None,
        )


async def keep_home(connection: Connection, event: Event) -> None:
    """Keep what a home's event says that promises and corrections depend on."""
    match event:
        case HomeRegistered():
            await connection.execute(PUT_HOME, event.home_id)
        case HomeClosed():
            await connection.execute(CLOSE_HOME, event.home_id, event.closed_on)
        case OpeningFailed():
            await connection.execute(FAIL_OPENING, event.home_id)
        case NeedRestated():
            await connection.execute(
                PUT_REQUIRED,
                event.home_id,
                [total.resource for total in event.required],
                [total.month for total in event.required],
                [total.quantity for total in event.required],
            )
        case DeliveryConfirmed() | ConfirmationTakenBack():
            await connection.execute(PUT_CONFIRMED, event.delivery_id, event.confirmed)
        case DeliveryDisputed():
            await connection.execute(
                OPEN_DISPUTE, event.dispute_id, event.delivery_id, event.reason_code
            )
        case DisputeClosed():
            await connection.execute(CLOSE_DISPUTE, event.dispute_id)
        case _:
            pass


def reactions() -> dict[type[Event], Reaction]:
    """What every partner's service keeps of the homes' events."""

    async def react(work: Work, event: Any, _envelope: Envelope) -> None:  # noqa: ANN401  any of them
        await keep_home(work.connection, event)

    return dict.fromkeys(HOMES_EVENTS, react)


async def home_status(connection: Connection, home_id: str) -> HomeStatus:
    row = await connection.fetchrow(READ_HOME, home_id)
    if row is None:
        return "unknown"
    if row["closed_on"] is not None:
        return "closed"
    return "opening_failed" if row["opening_failed"] else "open"


async def required(connection: Connection, home_id: str, resource: str) -> Mapping[Month, int]:
    rows = await connection.fetch(READ_REQUIRED, home_id, resource)
    return {row["month"]: row["quantity"] for row in rows}


async def confirmed(connection: Connection, delivery_id: str) -> int:
    return await connection.fetchval(READ_CONFIRMED, delivery_id) or 0


async def is_disputed(connection: Connection, dispute_id: str, delivery_id: str) -> bool:
    return bool(await connection.fetchval(IS_DISPUTED, dispute_id, delivery_id))


async def disputes_of(connection: Connection, delivery_ids: Sequence[str]) -> Mapping[str, str]:
    """Open disputes, by the delivery that they are about."""
    rows = await connection.fetch(DISPUTES_OF, list(delivery_ids))
    return {row["delivery_id"]: row["dispute_id"] for row in rows}


async def receipts_of(connection: Connection, delivery_ids: Sequence[str]) -> Mapping[str, int]:
    rows = await connection.fetch(RECEIPTS_OF, list(delivery_ids))
    return {row["delivery_id"]: row["confirmed"] for row in rows}
