"""What a partner's service keeps of homes' asks, and of what organisations answer here."""

import json
from typing import Any, Final

from shared.commitments import projections
from shared.commitments.offers import Ask
from shared.commitments.quantities import as_json, month_list
from shared.contracts.commitment import (
    AskDeclined,
    Offered,
    OfferKept,
    OfferTakenBack,
)
from shared.contracts.event import Event
from shared.contracts.homes import (
    AskAmended,
    AskClosed,
    AskEscalated,
    AskOpened,
    AskWidened,
    HomeOpened,
    OpeningBegun,
)
from shared.envelope import Envelope
from shared.postgres import Connection

ASK_EVENTS: Final = (
    *(AskOpened, AskAmended, AskWidened, AskEscalated, AskClosed),
    *(OpeningBegun, HomeOpened),
)

PUT_ASK: Final = """
-- A home asks for something.
INSERT INTO ask (ask_id, home_id, prefecture_code, resource, gap, asked, months, first_month,
                 opened_on, answer_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, (SELECT answer_by FROM home WHERE home_id = $2))
ON CONFLICT DO NOTHING
"""

ANSWER_BY: Final = """
-- A home is to open, and waits for answers until this day; null: it waits no more.
WITH waiting AS (UPDATE home SET answer_by = $2 WHERE home_id = $1)
UPDATE ask SET answer_by = $2 WHERE home_id = $1 AND closed_on IS NULL
"""

AMEND_ASK: Final = "UPDATE ask SET months = $2, first_month = $3 WHERE ask_id = $1"

WIDEN_ASK: Final = "UPDATE ask SET asked = $2 WHERE ask_id = $1"

ESCALATE_ASK: Final = "UPDATE ask SET escalated_on = $2 WHERE ask_id = $1"

CLOSE_ASK: Final = "UPDATE ask SET closed_on = $2, months = '{}' WHERE ask_id = $1"

ASKS_PAGE: Final = """
-- Asks after a place, the most urgent first, that reach some sectors; null is any. Those who are
-- told of what was escalated ($3) see it whatever it is and whoever is asked.
SELECT ask_id, home_id, prefecture_code, ask.resource, gap, asked, months, first_month, opened_on,
       answer_by, escalated_on, closed_on,
       EXISTS (SELECT FROM offer WHERE offer.ask_id = ask.ask_id AND organisation_id = $4)
           AS offered,
       EXISTS (SELECT FROM decline WHERE decline.ask_id = ask.ask_id AND organisation_id = $4)
           AS declined
FROM ask
WHERE (resource = ANY($1) AND ($2::text[] IS NULL OR asked && $2)
       OR $3 AND escalated_on IS NOT NULL)
AND ($5::text IS NULL OR ask_id = $5)
AND ($6::text IS NULL OR resource = $6) AND ($7::text IS NULL OR prefecture_code = $7)
AND ($8::text IS NULL OR home_id = $8) AND ($9::boolean IS NULL OR (closed_on IS NULL) = $9)
AND (first_month, ask_id) > ($10, $11)
ORDER BY first_month, ask_id LIMIT $12
"""

READ_ASK: Final = """
-- An ask, as far as the homes have told.
SELECT ask_id, home_id, resource, asked, months FROM ask WHERE ask_id = $1
"""

PUT_OFFER: Final = """
-- An organisation has made an offer here.
INSERT INTO offer (offer_id, ask_id, organisation_id, resource, months, notice_months, lapse_days,
                   offered_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""

END_OFFER: Final = "UPDATE offer SET status = $2 WHERE offer_id = $1"

OWN_OFFERS: Final = """
-- The offers of an organisation to an ask.
SELECT offer_id, ask_id, resource, months, notice_months, lapse_days, offered_on, status
FROM offer WHERE organisation_id = $1 AND ask_id = $2 ORDER BY offer_id
"""

PUT_DECLINE: Final = """
-- An organisation will not answer an ask with an offer; said again, the new reason holds.
INSERT INTO decline (ask_id, organisation_id, reason_code) VALUES ($1, $2, $3)
ON CONFLICT (ask_id, organisation_id) DO UPDATE SET reason_code = excluded.reason_code
"""


async def project(connection: Connection, event: Event, envelope: Envelope) -> None:
    """Keep which commitments, offers and declines there are, as they are decided."""
    match event:
        case Offered():
            await connection.execute(
                PUT_OFFER,
                event.offer_id,
                event.ask_id,
                event.organisation_id,
                event.resource,
                as_json(event.months),
                event.notice_months,
                event.lapse_days,
                event.offered_on,
            )
        case OfferTakenBack():
            await connection.execute(END_OFFER, event.offer_id, "taken_back")
        case OfferKept():
            await connection.execute(END_OFFER, event.offer_id, "kept")
        case AskDeclined():
            await connection.execute(
                PUT_DECLINE, event.ask_id, event.organisation_id, event.reason_code
            )
        case _:
            await projections.project(connection, event, envelope)


async def keep_ask(connection: Connection, event: Event) -> None:
    """Keep what a home asks for, and until when, as it tells."""
    match event:
        case AskOpened():
            await connection.execute(
                PUT_ASK,
                event.ask_id,
                event.home_id,
                event.prefecture_code,
                event.resource,
                event.gap,
                list(event.asked),
                as_json(event.months),
                event.months[0].month,
                event.opened_on,
            )
        case AskAmended():
            first_month = event.months[0].month
            await connection.execute(AMEND_ASK, event.ask_id, as_json(event.months), first_month)
        case AskWidened():
            await connection.execute(WIDEN_ASK, event.ask_id, list(event.asked))
        case AskEscalated():
            await connection.execute(ESCALATE_ASK, event.ask_id, event.escalated_on)
        case AskClosed():
            await connection.execute(CLOSE_ASK, event.ask_id, event.closed_on)
        case OpeningBegun():
            await connection.execute(ANSWER_BY, event.home_id, event.deadline)
        case HomeOpened():
            await connection.execute(ANSWER_BY, event.home_id, None)
        case _:
            pass


async def read_ask(connection: Connection, ask_id: str) -> Ask | None:
    row = await connection.fetchrow(READ_ASK, ask_id)
    if row is None:
        return None
    return Ask(
        ask_id=row["ask_id"],
        home_id=row["home_id"],
        resource=row["resource"],
        asked=frozenset(row["asked"]),
        months=json.loads(row["months"]),
    )


async def asks_page(connection: Connection, *which: Any) -> list[dict[str, Any]]:  # noqa: ANN401  as the statement's
    rows = await connection.fetch(ASKS_PAGE, *which)
    return [{**row, "months": json.loads(row["months"])} for row in rows]


async def own_offers(
    connection: Connection, organisation_id: str, ask_id: str
) -> list[dict[str, Any]]:
    return [
        {
            **row,
            "months": month_list(json.loads(row["months"])),
            "offered_on": row["offered_on"].isoformat(),
        }
        for row in await connection.fetch(OWN_OFFERS, organisation_id, ask_id)
    ]
