"""Answers what is asked at the same time from one transaction, and whom that failed from another.

A commit waits for the disk, and the round trips around it cost more than most decisions do. Who
asks while a transaction is under way is decided in the next one; nobody waits for others to come.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeAlias

from shared.event_store import StateCache
from shared.handling.group import LOST_RACES, Asked, Group, OpenWork
from shared.handling.lanes import Lanes
from shared.handling.requests import Act, Answer, Reads, Request, remembered
from shared.postgres import Connection, Pool, is_away
from shared.published import Unsure
from shared.refusal import Refusal
from shared.work import Work

ATTEMPTS_MAX: Final = 8

Open: TypeAlias = Callable[[str | None], AbstractAsyncContextManager[Connection]]
"""A connection in a transaction, behind others who lost a race for what is contested, if any."""


class Groups:
    """What one process of a service is asked, a transaction at a time."""

    def __init__(
        self,
        pool: Pool,
        cache: StateCache,
        open_transaction: Open,
        open_work: OpenWork,
        committed: Callable[[Work], None],
    ) -> None:
        self._pool = pool
        self._open = open_transaction
        self._cache = cache
        self._open_work = open_work
        self._committed = committed
        self._lanes: Lanes[Asked] = Lanes(self._answer, lambda asked: asked.request.identity)

    async def ask(self, request: Request, act: Act, reads: Sequence[Reads]) -> Answer:
        asked = Asked(request, act, reads, asyncio.get_running_loop().create_future())
        self._lanes.put(asked)
        return await asked.answer

    async def _answer(self, group: Sequence[Asked]) -> None:
        """Answer each of them, whatever happens; who is at fault is found by halves."""
        try:
            await self._together(group)
        except Exception as fault:  # noqa: BLE001  told to those who asked
            if is_away(fault) or isinstance(fault, Unsure):
                for asked in group:
                    asked.settle(fault)
            elif len(group) == 1:
                await self._alone(group[0], fault)
            else:
                half = len(group) // 2
                await self._answer(group[:half])
                await self._answer(group[half:])
        finally:
            for asked in group:
                asked.answer.cancel()  # only where the process ends in the middle of it

    async def _alone(self, asked: Asked, fault: Exception) -> None:
        attempt = 1
        while isinstance(fault, LOST_RACES) and attempt < ATTEMPTS_MAX:
            attempt += 1
            try:
                await self._together([asked], contested=str(fault))
            except Exception as again:  # noqa: BLE001  told to who asked
                fault = again
            else:
                return
        asked.settle(await self._answer_of_twin(asked, fault))

    async def _answer_of_twin(self, asked: Asked, fault: Exception) -> Answer | Exception:
        """The same request may have been done meanwhile, and be what the rule refuses here."""
        if not isinstance(fault, Refusal) or isinstance(fault, Unsure):
            return fault
        try:
            async with self._pool.acquire() as connection:
                done = await remembered(connection, [asked.request])
        except Exception as away:  # noqa: BLE001  told to who asked
            return away
        return done.get(asked.request.identity, fault)

    async def _together(self, group: Sequence[Asked], contested: str | None = None) -> None:
        """Answer all of them, or raise and have done nothing."""
        async with self._open(contested) as connection:
            decided = Group(connection, self._cache, self._open_work)
            await decided.decide(group)
        for work in decided.works:
            self._committed(work)
        for asked, outcome in decided.outcomes:
            asked.settle(outcome)
        for asked, race in decided.lost:
            await self._alone(asked, race)
