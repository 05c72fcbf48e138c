"""Whatever the ledger tells in whatever order, however often: the asks say what it told last."""

from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from typing import Any, Final

import pytest

from services.homes.domain.asking import ASKS
from services.homes.domain.asks import Asks
from services.homes.domain.home import HOMES
from services.homes.repository import project, read_rules
from services.homes.repository.asks import AskKeeper, put_shortfall
from shared.business_date import BusinessDate
from shared.calendar import months_through
from shared.contracts.ledger import (
    ShortfallChanged,
    ShortfallClosed,
    ShortfallEvent,
    ShortfallOpened,
)
from shared.contracts.resources import PROGRAMME, RENT
from shared.handling import Transactions, run
from shared.postgres import connect_pool
from shared.work import Cause, Work
from tests.homes.test_together import REGISTER
from tests.support.stack import MakeDatabase

MONTHS: Final = tuple(months_through("2011-08", "2011-11"))


@pytest.fixture
async def transactions(database: MakeDatabase) -> AsyncIterator[Transactions]:
    pool = await connect_pool((await database("homes")).url("homes"))
    yield Transactions(pool, "homes", project=project)
    await pool.close()


def story(home_id: str, random: Random) -> list[ShortfallEvent]:
    """What the ledger may say of a home: each shortfall opens, changes and closes in turn."""
    standing: dict[tuple[str, str], int] = {}
    told: list[ShortfallEvent] = []
    for _ in range(20):
        cell = random.choice((RENT, PROGRAMME)), random.choice(MONTHS)
        where: dict[str, Any] = {"home_id": home_id, "resource": cell[0], "month": cell[1]}
        quantity = random.choice((0, 10, 20)) if cell in standing else 30
        if quantity == 0:
            told.append(ShortfallClosed(**where, episode=1))
            del standing[cell]
            continue
        kind = ShortfallChanged if cell in standing else ShortfallOpened
        told.append(kind(**where, episode=1, quantity=quantity))
        standing[cell] = quantity
    return told


def standing_after(told: list[ShortfallEvent]) -> dict[str, dict[str, int]]:
    last = {(one.resource, one.month): getattr(one, "quantity", 0) for one in told}
    found: dict[str, dict[str, int]] = {}
    for (resource, month), quantity in last.items():
        if quantity:
            found.setdefault(resource, {})[month] = quantity
    return found


@pytest.mark.parametrize("seed", range(8))
async def test_any_order_and_any_repeats_end_in_the_same_asks(
    seed: int, transactions: Transactions
) -> None:
    random, home_id = Random(seed), f"home-{seed}"
    keeper = AskKeeper(read_rules(), BusinessDate(simulated=True))
    told = story(home_id, random)
    numbered = list(enumerate(told, start=1))
    heard = [*random.sample(numbered, len(numbered)), *random.choices(numbered, k=10)]

    async def register(work: Work) -> None:
        await work.decide(HOMES, home_id, replace(REGISTER, home_id=home_id))

    await run(transactions, Cause(correlation="registered"), register)
    while heard:
        batch, heard = heard[:5], heard[5:]

        async def hear(work: Work, batch: list[tuple[int, ShortfallEvent]] = batch) -> None:
            for version, event in batch:
                await put_shortfall(work.connection, event, version)
            await keeper.attend(work, home_id)
            await keeper.attend(work, home_id)

        await run(transactions, Cause(correlation="told"), hear)
    async with transactions.pool.acquire() as connection:
        asks, _ = await transactions.work(connection, Cause(correlation="")).load(ASKS, home_id)
    assert asked(asks) == standing_after(told)


def asked(asks: Asks) -> dict[str, dict[str, int]]:
    assert sorted(asks.open.values()) == sorted(
        ask_id for ask_id, ask in asks.all.items() if ask.closed_on is None
    )
    return {resource: dict(asks.all[ask_id].months) for resource, ask_id in asks.open.items()}
