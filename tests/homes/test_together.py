"""A count and a price that are told at the same time are both in the need."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest

from services.homes.domain.home import HOMES, CountChildren, RegisterHome
from services.homes.domain.needs import NEEDS
from services.homes.repository import project, read_rules
from services.homes.repository.needs import Needs
from shared.business_date import BusinessDate
from shared.contracts.government_sponsorship import UnitPrice, UnitPricesAnnounced
from shared.contracts.resources import CHILDREN_NEEDS
from shared.handling import Transactions, run
from shared.postgres import connect_pool
from shared.work import Cause, Work
from tests.homes.registered import HOME_ID, OPENING, OPERATOR, bands
from tests.support.eventually import assert_eventually
from tests.support.stack import MakeDatabase

RULES = read_rules()
CAUSE = Cause(correlation="told-at-once")
REGISTER = RegisterHome(
    home_id=HOME_ID,
    prefecture_code="14",
    home_operator_kind="nonprofit",
    home_operator_id=OPERATOR,
    capacity=6,
    opens_on=OPENING,
    needs_through="2011-08",
    rules=RULES,
)
FIVE = CountChildren(from_day=OPENING, counts=bands(school_age=5))
PRICES = UnitPricesAnnounced(
    programme_id="placement-costs",
    announcement_id="notice",
    organisation_id="prefecture",
    announced_on=date(2011, 7, 1),
    from_day=date(2011, 4, 1),
    prices=(UnitPrice(age_band="school_age", yen_per_child_month=62_000),),
)

WAITING = """
-- Whether somebody waits for a lock of this database.
SELECT true FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


@pytest.fixture
async def transactions(database: MakeDatabase) -> AsyncIterator[Transactions]:
    pool = await connect_pool((await database("homes")).url("homes"))
    yield Transactions(pool, "homes", project=project)
    await pool.close()


async def test_a_price_waits_for_a_count_that_is_being_told(transactions: Transactions) -> None:
    needs = Needs(RULES, BusinessDate(simulated=True))

    async def register(work: Work) -> None:
        await work.decide(HOMES, HOME_ID, REGISTER)

    async def announce(work: Work) -> None:
        await needs.announce(work, PRICES)

    await run(transactions, CAUSE, register)
    async with transactions.begin(CAUSE) as counting:
        await counting.decide(HOMES, HOME_ID, FIVE)
        await needs.restate(counting, HOME_ID)
        # Computed without a price: nothing of it would meet the price's restatement in a stream.
        await counting.save()
        announcing = asyncio.create_task(run(transactions, CAUSE, announce))

        async def waits_or_is_done() -> bool:
            waits = await transactions.pool.fetchval(WAITING)
            return bool(waits) or announcing.done()

        await assert_eventually(waits_or_is_done)
    await announcing
    async with transactions.begin(CAUSE) as reading:
        need, _ = await reading.load(NEEDS, HOME_ID)
    assert need.required == {(CHILDREN_NEEDS, "2011-08"): 5 * 62_000}
