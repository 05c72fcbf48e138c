"""What is promised while an opening fails is released with all the rest, or refused."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest

from services.rent_sponsorship.domain import OFFERS, RENT_AGREEMENT, SECTORS
from shared.clock import now
from shared.commitments import projections
from shared.commitments.ask_desk import AskDesk
from shared.commitments.commands import OpeningHasFailed
from shared.commitments.desk import Desk
from shared.contracts.homes import OpeningFailed
from shared.contracts.rent_sponsorship import OWNER
from shared.decider import Aggregate
from shared.envelope import Envelope
from shared.handling import run
from shared.ids import new_id
from shared.work import Cause, Work
from tests.commitments.test_desk import Api, served
from tests.support.commitments import agree, promise
from tests.support.eventually import assert_eventually
from tests.support.stack import MakeDatabase

AGREEMENTS = Aggregate(RENT_AGREEMENT.category, RENT_AGREEMENT.decider())
CAUSE = Cause(correlation="at-once")
FAILED = OpeningFailed(home_id="h", reason_code="deadline", missing=(), failed_on=date(2011, 7, 1))

WAITING = """
-- Whether somebody waits for a lock of this database.
SELECT true FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


@pytest.fixture
async def api(database: MakeDatabase) -> AsyncIterator[Api]:
    async with served(await database(OWNER)) as one:
        await one.home("h")
        yield one


async def promises(work: Work) -> None:
    status = await projections.home_status(work.connection, "h")
    await work.decide(AGREEMENTS, "c", agree(home_status=status))
    await work.decide(AGREEMENTS, "c", promise(100, home_status=status))


async def test_a_release_waits_for_a_promise_that_is_being_made_and_takes_it_along(
    api: Api,
) -> None:
    transactions = api.built.transactions
    desk = Desk(api.built, RENT_AGREEMENT, "rent", SECTORS)
    fails = AskDesk(api.built, OFFERS, desk).reactions()[OpeningFailed]

    async def hear(work: Work) -> None:
        await fails(work, FAILED, Envelope(new_id(), "", "", "", 1, now(), "", None))

    async with transactions.begin(CAUSE) as promising:
        await promises(promising)
        await promising.save()
        hearing = asyncio.create_task(run(transactions, CAUSE, hear))

        async def waits_or_is_done() -> bool:
            waits = await transactions.pool.fetchval(WAITING)
            return bool(waits) or hearing.done()

        await assert_eventually(waits_or_is_done)
        assert not hearing.done(), "it would not know of the promise"
    await hearing
    async with transactions.begin(CAUSE) as reading:
        commitment, _ = await reading.load(AGREEMENTS, "c")
    assert set(commitment.promised.values()) == {0}
    with pytest.raises(OpeningHasFailed):
        await run(transactions, CAUSE, promises)
