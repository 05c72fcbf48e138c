"""Seals each home's chain once a month of the business date has ended, whenever it looks."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final

import structlog
from asyncpg import Record

from services.ledger.domain import sealing
from services.ledger.domain.sealing import Seal
from services.ledger.repository import sealing as sql
from services.ledger.repository.known import LAST_LINKS
from services.ledger.repository.posting import LOCK_HEADS
from shared.business_date import BusinessDate
from shared.calendar import add_months, first_day, last_day
from shared.contracts.event import Month
from shared.handling import Transactions, run
from shared.postgres import columns
from shared.work import Cause, Work

LOOK_EVERY_S: Final = 1.0
LOOK_AGAIN_S: Final = 30.0
"""For homes whose first booking was in flight when their month was sealed."""
HOMES_AT_ONCE: Final = 20
MONTHS_AT_ONCE: Final = 12
"""Of a home. Nothing is booked for these homes while they are sealed: it takes milliseconds."""

log = structlog.get_logger("sealing")


class Sealer:
    """Beside the consumer. Another process may seal as well: the heads' locks keep them apart."""

    def __init__(self, transactions: Transactions, business_date: BusinessDate) -> None:
        self._transactions = transactions
        self._business_date = business_date
        self._sealed: Month | None = None
        self._looked_at = 0.0

    async def run(self) -> None:
        """Seal what is due, for ever."""
        while True:
            try:
                await self._look()
            except Exception as fault:  # noqa: BLE001  a month stays due until it is sealed
                log.warning("sealing_failed", fault=type(fault).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        row = await self._transactions.pool.fetchrow(sql.TODAY)
        assert row is not None  # noqa: S101  of no table
        through = sealing.last_ended(self._business_date.on(row["now"], row["played"]))
        if through != self._sealed or time.monotonic() - self._looked_at > LOOK_AGAIN_S:
            self._looked_at = time.monotonic()
            await self.seal(through)
            self._sealed = through

    async def seal(self, through: Month) -> None:
        """Seal every month that has ended, up to this one, a few homes at a time."""
        after, by = "", last_day(through)
        while rows := await self._transactions.pool.fetch(
            sql.DUE, after, through, by, HOMES_AT_ONCE
        ):
            homes = [row["home_id"] for row in rows]
            await self._seal_each(homes, through)
            after = homes[-1]

    async def _seal_each(self, homes: Sequence[str], through: Month) -> None:
        """Together, or one by one where one of them cannot be sealed: no other home waits."""
        try:
            while await self._seal(homes, through):
                pass
        except Exception as fault:  # noqa: BLE001  whatever it is, it may be one home's
            if len(homes) > 1:
                for home_id in homes:
                    await self._seal_each([home_id], through)
            else:
                log.error("home_not_sealed", home_id=homes[0], fault=type(fault).__name__)  # noqa: TRY400  a trace may quote what was booked

    async def _seal(self, homes: Sequence[str], through: Month) -> int:
        made = 0

        async def act(work: Work) -> None:
            nonlocal made
            made = await seal_homes(work, homes, through)

        await run(self._transactions, Cause(correlation=f"month-{through}"), act)
        return made


async def seal_homes(work: Work, homes: Sequence[str], through: Month) -> int:
    """Seal at most a year of each home; return how many seals were made, none when all is done."""
    connection = work.connection
    heads = await connection.fetch(LOCK_HEADS, homes)
    sealed = {row["home_id"]: row for row in await connection.fetch(sql.SEALED, homes)}
    due = [
        (row["home_id"], month)
        for row in sealed.values()
        for month in islice(sealing.due(row["began_on"], row["month"], through), MONTHS_AT_ONCE)
    ]
    asked = [(home_id, None, last_day(month)) for home_id, month in due]
    links = await connection.fetch(LAST_LINKS, *columns(asked, 3))
    seals = _seals(due, links, sealed)
    versions = {row["home_id"]: row["stream_version"] for row in heads}
    for one in seals:
        versions[one.home_id] += 1
        work.note(one.event(), versions[one.home_id])
    await connection.execute(sql.SEAL, *columns(seals, 5))
    until = first_day(add_months(through, 1))
    await connection.execute(sql.SETTLE, *columns(versions.items(), 2), until)
    return len(seals)


def _seals(
    due: Sequence[tuple[str, Month]], links: Sequence[Record], sealed: Mapping[str, Record]
) -> Sequence[Seal]:
    seals: list[Seal] = []
    hashes = {home_id: row["hash"] for home_id, row in sealed.items()}
    # Where somebody has taken links away, none is found, and the home keeps its last seal.
    for (home_id, month), link in zip(due, links, strict=True):
        one = sealing.seal(hashes[home_id], home_id, month, link["known"], link["hash"])
        hashes[home_id] = one.hash
        seals.append(one)
    return seals
