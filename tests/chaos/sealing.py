"""A month that ends, and is sealed although every ledger is killed as it seals it."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from deploy.database import connected
from shared.calendar import last_day, month_of
from shared.contracts.event import Month
from tests.chaos.holding import held_at
from tests.chaos.scene import READY_S, Scene
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually

UNSEALED: Final = """
-- Homes that were booked for, and have no seal of a month.
SELECT home_id FROM ledger.head WHERE links > 0
AND NOT EXISTS (SELECT FROM ledger.seal WHERE seal.home_id = head.home_id AND month = $1)
"""


async def seal_a_month(scene: Scene, _: random.Random) -> bool:
    """While partners write; alone, for what is put back is sealed anew, and differently."""
    async with scene.beside.alone():
        await scene.all_ready()
        homes = Caller(scene.processes["homes"].url, scene.stack.operator_key)
        async with held_at(scene.database, "ledger.seal") as one_waits:
            month = await _end_a_month(homes)
            await assert_eventually(one_waits, within_seconds=READY_S, why="nobody seals")
            _kill_all(scene, scene.copies("ledger"))
        async with connected(scene.database.administrator()) as connection:

            async def all_are_sealed() -> None:
                assert not await connection.fetch(UNSEALED, month), f"{month} is not sealed"

            await assert_eventually(all_are_sealed, within_seconds=READY_S)
    return True


def _kill_all(scene: Scene, names: Sequence[str]) -> None:
    for name in names:
        scene.processes[name].kill()
        scene.other["ledgers killed as they sealed"] += 1
    for name in names:
        scene.processes[name].launch()


async def _end_a_month(homes: Caller) -> Month:
    """Play the first day after the month that it is."""
    today = date.fromisoformat((await homes.read("/v1/business-date"))["business_date"])
    next_day = last_day(month_of(today)) + timedelta(days=1)
    await homes.done("/v1/business-date", {"business_date": next_day.isoformat()})
    return month_of(today)
