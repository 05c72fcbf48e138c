"""What homes keep of openings, and how each is seen to until it is reached or has failed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from services.homes.domain import covering
from services.homes.domain.asking import ASKS
from services.homes.domain.needs import NEEDS, Cell
from services.homes.domain.opening import OPENINGS, OpeningFact, SeeToOpening
from services.homes.domain.rules import Rules
from services.homes.repository.asks import Around, AskKeeper, declined
from services.homes.repository.needs import Needs
from shared.business_date import BusinessDate
from shared.consuming.record import Received
from shared.contracts.event import Event
from shared.contracts.homes import HomeOpened, OpeningBegun, OpeningFailed
from shared.contracts.registry import EVENTS_BY_TYPE
from shared.postgres import Connection
from shared.work import Cause, Work

PUT_OPENING: Final = "INSERT INTO opening (home_id, deadline) VALUES ($1, $2)"

END_OPENING: Final = "UPDATE opening SET ended_on = $2 WHERE home_id = $1"

TO_OPEN: Final = """
-- Which of these homes are to open after a day, and whether their opening is under way.
SELECT home_id, opening.home_id IS NOT NULL AND ended_on IS NULL AS under_way
FROM home LEFT JOIN opening USING (home_id) WHERE home_id = ANY($1) AND opens_on > $2
"""

UNDER_WAY: Final = "SELECT home_id FROM opening WHERE ended_on IS NULL ORDER BY home_id"

ADD_PROVIDED: Final = """
-- Partners have told of so much more of a home, or less.
INSERT INTO provided AS known (home_id, resource, month, quantity)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
ON CONFLICT (home_id, resource, month)
DO UPDATE SET quantity = known.quantity + excluded.quantity
"""

READ_PROVIDED: Final = "SELECT resource, month, quantity FROM provided WHERE home_id = $1"


async def project_openings(connection: Connection, event: Event) -> None:
    """Keep which openings are under way, and until when."""
    match event:
        case OpeningBegun():
            await connection.execute(PUT_OPENING, event.home_id, event.deadline)
        case HomeOpened():
            await connection.execute(END_OPENING, event.home_id, event.opened_on)
        case OpeningFailed():
            await connection.execute(END_OPENING, event.home_id, event.failed_on)
        case _:
            pass


async def read_provided(connection: Connection, home_id: str) -> Mapping[Cell, int]:
    rows = await connection.fetch(READ_PROVIDED, home_id)
    return {(row["resource"], row["month"]): row["quantity"] for row in rows}


class OpeningKeeper:
    """Sees to openings with whatever is told, and with each day."""

    def __init__(
        self, rules: Rules, business_date: BusinessDate, needs: Needs, asks: AskKeeper
    ) -> None:
        self._rules = rules
        self._business_date = business_date
        self._needs = needs
        self._asks = asks

    async def conclude(self, work: Work, batch: Sequence[Received]) -> None:
        """Add up what the batch tells of homes that are to open; see to those under way."""
        told = {_key(received): received.envelope for received in batch}
        today = await self._business_date.today(work.connection)
        rows = await work.connection.fetch(TO_OPEN, list(told), today)
        to_open = {row["home_id"] for row in rows}
        await add_provided(work.connection, (one for one in batch if _key(one) in to_open))
        under_way = sorted(row["home_id"] for row in rows if row["under_way"])
        if not under_way:
            return
        around = await self._asks.look_around(work.connection)
        for home_id in under_way:
            envelope = told[home_id]
            work.cause = Cause(envelope.correlation, envelope.event_id, envelope.traceparent)
            await self._see_to(work, home_id, around)

    async def day_passed(self, work: Work, _day: date) -> None:
        """Let those fail whose deadline has passed."""
        rows = await work.connection.fetch(UNDER_WAY)
        if rows:
            around = await self._asks.look_around(work.connection)
            for row in rows:
                await self._see_to(work, row["home_id"], around)

    async def _see_to(self, work: Work, home_id: str, around: Around) -> None:
        opening, _ = await work.load(OPENINGS, home_id)
        if opening.under_way is None:
            return
        need, _ = await work.load(NEEDS, home_id)
        asks, _ = await work.load(ASKS, home_id)
        provided = await read_provided(work.connection, home_id)
        missing = covering.missing(opening.under_way, need.required, provided)
        unanswered = covering.unanswered(missing, asks, around.today)
        command = SeeToOpening(
            missing=missing,
            unanswered=unanswered,
            refused=covering.refused(
                asks,
                around.organisations,
                await declined(work.connection, home_id),
                self._rules,
                around.today,
            ),
            today=around.today,
        )
        await self._follow(work, home_id, await work.decide(OPENINGS, home_id, command))

    async def _follow(self, work: Work, home_id: str, said: Iterable[OpeningFact]) -> None:
        """A home that does not open requires nothing and asks for nothing from here on."""
        if any(isinstance(one, OpeningFailed) for one in said):
            await self._needs.restate(work, home_id)
            await self._asks.attend(work, home_id)


async def add_provided(connection: Connection, batch: Iterable[Received]) -> None:
    """Add up what partners have moved away from what stands open, or back."""
    moved: Counter[tuple[str, str, str]] = Counter()
    for received in batch:
        event_type = EVENTS_BY_TYPE.get(received.envelope.type_name)
        if event_type is None:
            continue
        for one in event_type.model_validate_json(received.body).movements:
            cell = _key(received), one.resource, one.month
            moved[cell] += one.quantity * ((one.moved_from == "open") - (one.moved_to == "open"))
    if moved:
        cells, quantities = list(moved), list(moved.values())
        await connection.execute(ADD_PROVIDED, *map(list, zip(*cells, strict=True)), quantities)


def _key(received: Received) -> str:
    return (received.record.key or b"").decode()
