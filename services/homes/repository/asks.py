"""What homes keep of shortfalls, asks and offers, and how asks are kept in step with them."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.homes.domain.asking import ASKS, Attend, Offer
from services.homes.domain.asks import Quantities
from services.homes.domain.home import HOMES
from services.homes.domain.opening import OPENINGS
from services.homes.domain.rules import Rules
from shared.business_date import BusinessDate
from shared.commitments.quantities import as_json, month_list
from shared.consuming.record import Received
from shared.contracts.commitment import AskDeclined, Offered
from shared.contracts.event import Event
from shared.contracts.homes import AskClosed, AskOpened, OfferAccepted, OfferDeclined
from shared.contracts.ledger import ShortfallChanged, ShortfallEvent, ShortfallOpened
from shared.contracts.organisations import Sector
from shared.contracts.registry import EVENTS_BY_TYPE
from shared.ids import new_opaque_id
from shared.postgres import Connection
from shared.work import Cause, Work

PUT_SHORTFALL: Final = """
-- So much stands open, unless the ledger has told something later.
INSERT INTO shortfall AS known (home_id, resource, month, quantity, ledger_version)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (home_id, resource, month)
DO UPDATE SET quantity = excluded.quantity, ledger_version = excluded.ledger_version
WHERE known.ledger_version < excluded.ledger_version
"""

STANDING_OPEN: Final = """
-- What stands open of a home.
SELECT resource, month, quantity FROM shortfall WHERE home_id = $1 AND quantity > 0
"""

HOMES_SHORT: Final = """
-- The homes of which something stands open.
SELECT DISTINCT home_id FROM shortfall WHERE quantity > 0 ORDER BY home_id
"""

SECTORS: Final = "SELECT organisation_id, sectors FROM organisation"

DECLINES_OF_HOME: Final = "SELECT ask_id, organisation_id FROM decline WHERE home_id = $1"

PUT_DECLINE: Final = """
-- Somebody will not answer an ask with an offer; said again, the new reason holds.
INSERT INTO decline (ask_id, organisation_id, home_id, reason_code) VALUES ($1, $2, $3, $4)
ON CONFLICT (ask_id, organisation_id) DO UPDATE SET reason_code = excluded.reason_code
"""

PUT_ASK: Final = """
-- Something is asked for.
INSERT INTO ask (ask_id, home_id, resource, opened_on) VALUES ($1, $2, $3, $4)
"""

CLOSE_ASK: Final = "UPDATE ask SET closed_on = $2 WHERE ask_id = $1"

HOME_OF_ASK: Final = "SELECT home_id FROM ask WHERE ask_id = $1"

ASKS_PAGE: Final = """
-- Asks of some homes, oldest or newest first, after a place, open or closed; null is any.
SELECT ask_id, home_id FROM ask
WHERE ($1::text[] IS NULL OR home_id = ANY($1)) AND ($2::text IS NULL OR resource = $2)
AND ($3::boolean IS NULL OR (closed_on IS NULL) = $3)
AND CASE WHEN $5::text IS NULL THEN true WHEN $4 THEN ask_id < $5 ELSE ask_id > $5 END
ORDER BY CASE WHEN $4 THEN ask_id END DESC, ask_id LIMIT $6
"""

PUT_OFFER: Final = """
-- A partner would promise this.
INSERT INTO offer (offer_id, ask_id, home_id, organisation_id, sector, months, notice_months,
                   lapse_days, offered_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING
"""

MARK_OFFER: Final = "UPDATE offer SET status = $2 WHERE offer_id = $1"

ACCEPT_OFFER: Final = """
-- A home has accepted this of an offer.
UPDATE offer SET status = 'accepted', accepted = $2 WHERE offer_id = $1
"""

READ_OFFER: Final = """
-- An offer, as far as its owner has told.
SELECT offer_id, ask_id, organisation_id, sector, months, status FROM offer WHERE offer_id = $1
"""

OFFERS_OF_ASK: Final = """
-- All offers to an ask, in the order in which they came to be.
SELECT offer_id, organisation_id, sector, months, notice_months, lapse_days, offered_on, status,
       accepted
FROM offer WHERE ask_id = $1 ORDER BY offer_id
"""

DECLINES_OF_ASK: Final = """
-- Who has declined an ask, and why.
SELECT organisation_id, reason_code FROM decline WHERE ask_id = $1 ORDER BY organisation_id
"""


# --- What is kept of events, own and heard


async def project_asks(connection: Connection, event: Event) -> None:
    """Keep which asks there are, and what homes have said of offers."""
    match event:
        case AskOpened():
            await connection.execute(
                PUT_ASK, event.ask_id, event.home_id, event.resource, event.opened_on
            )
        case AskClosed():
            await connection.execute(CLOSE_ASK, event.ask_id, event.closed_on)
        case OfferAccepted():
            await connection.execute(ACCEPT_OFFER, event.offer_id, as_json(event.months))
        case OfferDeclined(reason_code=reason_code) if reason_code != "taken_back":
            await connection.execute(MARK_OFFER, event.offer_id, "declined")
        case _:
            pass


async def put_shortfall(connection: Connection, event: ShortfallEvent, version: int) -> None:
    """`version` is the event's in its home's stream of the ledger."""
    quantity = event.quantity if isinstance(event, ShortfallOpened | ShortfallChanged) else 0
    where = event.home_id, event.resource, event.month
    await connection.execute(PUT_SHORTFALL, *where, quantity, version)


async def put_offer(connection: Connection, event: Offered) -> None:
    await connection.execute(
        PUT_OFFER,
        event.offer_id,
        event.ask_id,
        event.home_id,
        event.organisation_id,
        event.sector,
        as_json(event.months),
        event.notice_months,
        event.lapse_days,
        event.offered_on,
    )


async def read_offer(connection: Connection, offer_id: str) -> Offer | None:
    row = await connection.fetchrow(READ_OFFER, offer_id)
    if row is None:
        return None
    return Offer(
        offer_id=row["offer_id"],
        ask_id=row["ask_id"],
        organisation_id=row["organisation_id"],
        sector=row["sector"],
        months=json.loads(row["months"]),
        taken_back=row["status"] == "taken_back",
    )


async def offers_of(connection: Connection, ask_id: str) -> list[dict[str, Any]]:
    rows = await connection.fetch(OFFERS_OF_ASK, ask_id)
    return [
        {
            **row,
            "offered_on": row["offered_on"].isoformat(),
            "months": month_list(json.loads(row["months"])),
            "accepted": month_list(json.loads(row["accepted"] or "{}")),
        }
        for row in rows
    ]


async def declines_of(connection: Connection, ask_id: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await connection.fetch(DECLINES_OF_ASK, ask_id)]


# --- Asks


@dataclass(frozen=True, slots=True)
class Around:
    """What the asks of every home depend on: who could be asked, and which day it is."""

    organisations: Mapping[Sector, frozenset[str]]
    today: date


class AskKeeper:
    """Asks for what stands open, once all that one batch tells of a home is known."""

    def __init__(self, rules: Rules, business_date: BusinessDate) -> None:
        self._rules = rules
        self._business_date = business_date

    async def conclude(self, work: Work, batch: Sequence[Received]) -> None:
        """See to the asks of each home of which the batch has told something."""
        told = {
            (received.record.key or b"").decode(): received.envelope
            for received in batch
            if _concerns_asks(received)
        }
        if not told:
            return
        around = await self.look_around(work.connection)
        for home_id, envelope in sorted(told.items()):
            work.cause = Cause(envelope.correlation, envelope.event_id, envelope.traceparent)
            await self._attend(work, home_id, around)

    async def day_passed(self, work: Work, _day: date) -> None:
        """Ask more, and tell the governments, as days pass."""
        around = await self.look_around(work.connection)
        for row in await work.connection.fetch(HOMES_SHORT):
            await self._attend(work, row["home_id"], around)

    async def attend(self, work: Work, home_id: str) -> None:
        """Ask for what stands open of a home, and for nothing else."""
        await self._attend(work, home_id, await self.look_around(work.connection))

    async def look_around(self, connection: Connection) -> Around:
        return Around(await organisations(connection), await self._business_date.today(connection))

    async def _attend(self, work: Work, home_id: str, around: Around) -> None:
        home, _ = await work.load(HOMES, home_id)
        if home.registered is None:
            return
        connection = work.connection
        opening, _ = await work.load(OPENINGS, home_id)
        # What is released shows as open until the books have heard that it is needed no more.
        standing_open = {} if opening.has_failed else await _standing_open(connection, home_id)
        command = Attend(
            home_id=home_id,
            prefecture_code=home.registered.prefecture_code,
            standing_open=standing_open,
            ask_ids={resource: new_opaque_id() for resource in standing_open},
            organisations=around.organisations,
            declined=await declined(connection, home_id),
            today=around.today,
            rules=self._rules,
        )
        await work.decide(ASKS, home_id, command)


def _concerns_asks(received: Received) -> bool:
    event_type = EVENTS_BY_TYPE.get(received.envelope.type_name)
    return event_type is not None and issubclass(event_type, ShortfallEvent | AskDeclined)


async def _standing_open(connection: Connection, home_id: str) -> Mapping[str, Quantities]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await connection.fetch(STANDING_OPEN, home_id):
        found[row["resource"]][row["month"]] = row["quantity"]
    return found


async def organisations(connection: Connection) -> Mapping[Sector, frozenset[str]]:
    found: dict[Sector, set[str]] = defaultdict(set)
    for row in await connection.fetch(SECTORS):
        for sector in row["sectors"]:
            found[sector].add(row["organisation_id"])
    return {sector: frozenset(who) for sector, who in found.items()}


async def declined(connection: Connection, home_id: str) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in await connection.fetch(DECLINES_OF_HOME, home_id):
        found[row["ask_id"]].add(row["organisation_id"])
    return {ask_id: frozenset(who) for ask_id, who in found.items()}
