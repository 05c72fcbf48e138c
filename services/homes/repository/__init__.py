"""What homes keep beside their streams: the register, what arrived, receipts, the rules."""

import json
import tomllib
from pathlib import Path
from typing import Any, Final

from services.homes.domain.receipts import Arrival
from services.homes.domain.rules import Rules
from services.homes.repository.asks import project_asks
from services.homes.repository.openings import project_openings
from shared.contracts.event import Event
from shared.contracts.homes import (
    ConfirmationTakenBack,
    DeliveryConfirmed,
    DeliveryDisputed,
    DisputeClosed,
    HomeClosed,
    HomeRegistered,
)
from shared.envelope import Envelope
from shared.postgres import Connection
from shared.rules import Rule

# --- Statements

PUT_HOME: Final = """
-- A home is in the register.
INSERT INTO home (home_id, prefecture_code, home_operator_kind, home_operator_id, opens_on,
                  needs_through)
VALUES ($1, $2, $3, $4, $5, $6)
"""

CLOSE_HOME: Final = "UPDATE home SET closed_on = $2 WHERE home_id = $1"

HOMES_PAGE: Final = """
-- Homes of these (null: any), in the order of a field, or against it, after a place (null: all).
SELECT home_id, prefecture_code, home_operator_kind, home_operator_id, opens_on, needs_through,
       closed_on
FROM (SELECT *, CASE $1 WHEN 'opens_on' THEN opens_on::text
                        WHEN 'prefecture_code' THEN prefecture_code ELSE home_id END AS place
      FROM home) AS placed
WHERE ($5::text[] IS NULL OR home_id = ANY($5)) AND ($6::text IS NULL OR prefecture_code = $6)
AND CASE WHEN $3::text IS NULL THEN true WHEN $2 THEN (place, home_id) < ($3, $4)
         ELSE (place, home_id) > ($3, $4) END
ORDER BY CASE WHEN $2 THEN place END DESC, CASE WHEN $2 THEN home_id END DESC, place, home_id
LIMIT $7
"""

PUT_COMMITMENT: Final = """
-- A partner has agreed with a home.
INSERT INTO commitment (commitment_id, home_id, organisation_id, resource)
VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""

PUT_ARRIVAL: Final = """
-- Something has arrived on a commitment that is known.
INSERT INTO arrival (delivery_id, home_id, commitment_id, organisation_id, resource, month,
                     quantity, delivery_version)
SELECT $2, home_id, commitment_id, organisation_id, resource, $3, $4, $5
FROM commitment WHERE commitment_id = $1
ON CONFLICT DO NOTHING
"""

CORRECT_ARRIVAL: Final = """
-- What has arrived is so much, says its owner.
UPDATE arrival SET quantity = $3, delivery_version = $4
WHERE commitment_id = $1 AND delivery_id = $2
"""

READ_ARRIVAL: Final = """
-- A delivery, as far as its owner has told.
SELECT home_id, delivery_id, commitment_id, organisation_id, resource, month, quantity,
       delivery_version
FROM arrival WHERE delivery_id = $1
"""

ARRIVALS_PAGE: Final = """
-- What arrived at a home, by month or the latest first, after a place, with what the home says of
-- it; null is any.
SELECT arrival.delivery_id, commitment_id, organisation_id, resource, month, quantity,
       coalesce(confirmed, 0) AS confirmed, delivery_version,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'dispute_id', dispute_id, 'reason_code', reason_code,
                   'disputed_by', disputed_by, 'answer_code', answer_code,
                   'open', closed_by IS NULL) ORDER BY dispute_id), '[]')
        FROM dispute WHERE dispute.delivery_id = arrival.delivery_id) AS disputes
FROM arrival LEFT JOIN receipt USING (delivery_id)
WHERE home_id = $1
AND CASE WHEN $3::text IS NULL THEN true
         WHEN $2 THEN (month, arrival.delivery_id) < ($3, $4)
         ELSE (month, arrival.delivery_id) > ($3, $4) END
AND ($5::text IS NULL OR month = $5)
AND (NOT $6 OR quantity > coalesce(confirmed, 0))
ORDER BY CASE WHEN $2 THEN month END DESC, CASE WHEN $2 THEN arrival.delivery_id END DESC,
         month, arrival.delivery_id LIMIT $7
"""

PUT_CONFIRMED: Final = """
-- How much of a delivery its home has confirmed.
INSERT INTO receipt (delivery_id, confirmed) VALUES ($1, $2)
ON CONFLICT (delivery_id) DO UPDATE SET confirmed = excluded.confirmed
"""

OPEN_DISPUTE: Final = """
-- A home disputes a delivery.
INSERT INTO dispute (dispute_id, delivery_id, reason_code, disputed_by) VALUES ($1, $2, $3, $4)
"""

ANSWER_DISPUTE: Final = "UPDATE dispute SET answer_code = $2 WHERE dispute_id = $1"

CLOSE_DISPUTE: Final = "UPDATE dispute SET closed_by = $2 WHERE dispute_id = $1"


# --- What is kept of events, own and heard


async def project(connection: Connection, event: Event, _envelope: Envelope) -> None:
    """Keep what is listed, in the transaction that decides it."""
    await project_asks(connection, event)
    await project_openings(connection, event)
    match event:
        case HomeRegistered():
            await connection.execute(
                PUT_HOME,
                event.home_id,
                event.prefecture_code,
                event.home_operator_kind,
                event.home_operator_id,
                event.opens_on,
                event.needs_through,
            )
        case HomeClosed():
            await connection.execute(CLOSE_HOME, event.home_id, event.closed_on)
        case DeliveryConfirmed() | ConfirmationTakenBack():
            await connection.execute(PUT_CONFIRMED, event.delivery_id, event.confirmed)
        case DeliveryDisputed():
            await connection.execute(
                OPEN_DISPUTE,
                event.dispute_id,
                event.delivery_id,
                event.reason_code,
                event.disputed_by,
            )
        case DisputeClosed():
            await connection.execute(CLOSE_DISPUTE, event.dispute_id, event.closed_by)
        case _:
            pass


async def arrival(connection: Connection, delivery_id: str) -> Arrival | None:
    row = await connection.fetchrow(READ_ARRIVAL, delivery_id)
    return None if row is None else Arrival(**row)


async def arrivals_page(
    connection: Connection, home_id: str, *where: str | bool | int | None
) -> list[dict[str, Any]]:
    rows = await connection.fetch(ARRIVALS_PAGE, home_id, *where)
    return [{**row, "disputes": json.loads(row["disputes"])} for row in rows]


# --- Rules, as committed beside this file


def read_rules() -> Rules:
    table = tomllib.loads(Path(__file__).parent.with_name("rules.toml").read_text())
    return Rules(Rule.model_validate(row) for row in table["rule"])
