"""How the needs of homes are kept in step with what they follow from; the prices among it."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Final

from services.homes.domain.home import HOMES
from services.homes.domain.needs import NEEDS, Cell, Prices, RestateNeeds, announced, required
from services.homes.domain.opening import OPENINGS
from services.homes.domain.rules import Rules
from shared.business_date import BusinessDate
from shared.contracts.government_sponsorship import AgeBand, UnitPricesAnnounced
from shared.postgres import Connection
from shared.work import Work

HOME_IDS: Final = "SELECT home_id FROM home ORDER BY home_id"

ONE_HOME_CHANGES: Final = """
-- Taken by whoever restates the needs of one home, together with others.
SELECT pg_advisory_xact_lock_shared(hashtextextended('homes: needs', 0))
"""

ALL_HOMES_CHANGE: Final = """
-- Taken alone by whoever changes what every home's needs depend on.
SELECT pg_advisory_xact_lock(hashtextextended('homes: needs', 0))
"""

PRICES: Final = "SELECT age_band, from_day, yen FROM unit_price"

FORGET_PRICES: Final = "DELETE FROM unit_price"

PUT_PRICES: Final = """
-- The prices that hold, all of them.
INSERT INTO unit_price (age_band, from_day, yen)
SELECT * FROM unnest($1::text[], $2::date[], $3::bigint[])
"""


async def unit_prices(connection: Connection) -> Prices:
    prices: dict[AgeBand, dict[date, int]] = defaultdict(dict)
    for row in await connection.fetch(PRICES):
        prices[row["age_band"]][row["from_day"]] = row["yen"]
    return prices


async def put_unit_prices(connection: Connection, prices: Prices) -> None:
    rows = [(band, day, yen) for band, timeline in prices.items() for day, yen in timeline.items()]
    await connection.execute(FORGET_PRICES)
    await connection.execute(
        PUT_PRICES,
        [band for band, _, _ in rows],
        [day for _, day, _ in rows],
        [yen for _, _, yen in rows],
    )


class Needs:
    """Restates what homes require when that from which it follows has changed.

    Without the locks, a count and a price told at the same time could each be computed without
    the other, and where neither alone changes the need, no stream's version would tell.
    """

    def __init__(self, rules: Rules, business_date: BusinessDate) -> None:
        self._rules = rules
        self._business_date = business_date

    async def restate(self, work: Work, home_id: str) -> None:
        """Restate one home's needs after its own streams have changed."""
        await work.connection.execute(ONE_HOME_CHANGES)
        await self._restate(work, home_id, await unit_prices(work.connection))

    async def required(self, work: Work, home_id: str) -> Mapping[Cell, int]:
        """What a home would require if it opened, whether it does or not."""
        return await self._required(work, home_id, await unit_prices(work.connection))

    async def announce(self, work: Work, announcement: UnitPricesAnnounced) -> None:
        """Take in new unit prices, and restate what they change."""
        await work.connection.execute(ALL_HOMES_CHANGE)
        prices = announced(await unit_prices(work.connection), announcement)
        await put_unit_prices(work.connection, prices)
        await self._restate_all(work, prices)

    async def day_passed(self, work: Work, _day: date) -> None:
        """Move the horizon on."""
        await work.connection.execute(ALL_HOMES_CHANGE)
        await self._restate_all(work, await unit_prices(work.connection))

    async def _restate_all(self, work: Work, prices: Prices) -> None:
        for row in await work.connection.fetch(HOME_IDS):
            await self._restate(work, row["home_id"], prices)

    async def _restate(self, work: Work, home_id: str, prices: Prices) -> None:
        opening, _ = await work.load(OPENINGS, home_id)
        totals = {} if opening.has_failed else await self._required(work, home_id, prices)
        await work.decide(NEEDS, home_id, RestateNeeds(home_id=home_id, required=totals))

    async def _required(self, work: Work, home_id: str, prices: Prices) -> Mapping[Cell, int]:
        home, _ = await work.load(HOMES, home_id)
        today = await self._business_date.today(work.connection)
        return required(home, prices, self._rules, today)
