"""One transaction: several requests, decided one after the other and written at once."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import asyncpg

from shared.event_store import Conflict, StateCache, read_streams
from shared.handling.requests import Act, Answer, Reads, Request, remember, remembered
from shared.postgres import Connection, is_away
from shared.refusal import Refusal
from shared.work import Cause, Streams, Work, save_all

LOST_RACES: Final = (Conflict, asyncpg.TransactionRollbackError)
"""Somebody else was first, or two waited for each other: nothing was done, and it may be again."""

OpenWork: TypeAlias = Callable[[Connection, Cause, Streams], Work]


@dataclass(slots=True, eq=False)
class Asked:
    """A request, and whoever waits for its answer."""

    request: Request
    act: Act
    reads: Sequence[Reads]
    answer: asyncio.Future[Answer]

    def settle(self, outcome: Answer | Exception) -> None:
        if self.answer.done():
            return  # nobody waits any more
        if isinstance(outcome, Answer):
            self.answer.set_result(outcome)
        else:
            self.answer.set_exception(outcome)


class Group:
    """What those who asked are answered, once the caller has committed.

    Later requests see in a stream what earlier ones have decided on it. A refused one leaves
    nothing. What fails otherwise is raised: then nothing has happened, for nobody.
    """

    def __init__(self, connection: Connection, cache: StateCache, open_work: OpenWork) -> None:
        self.works: list[Work] = []
        self.outcomes: list[tuple[Asked, Answer | Exception]] = []
        self.lost: list[tuple[Asked, Exception]] = []
        """Those who lost a race and may try again, alone."""
        self._connection = connection
        self._cache = cache
        self._open_work = open_work
        self._streams: Streams = {}
        self._accepted: list[tuple[Request, Answer]] = []
        self._refused: list[tuple[Asked, Refusal]] = []

    async def decide(self, group: Sequence[Asked]) -> None:
        done = await remembered(self._connection, [asked.request for asked in group])
        new = [asked for asked in group if asked.request.identity not in done]
        self.outcomes += [
            (asked, done[asked.request.identity])
            for asked in group
            if asked.request.identity in done
        ]
        reads = {kind.stream(identity): kind for asked in new for kind, identity in asked.reads}
        self._streams = await read_streams(self._connection, self._cache, reads)
        for asked in new:
            if asked.reads or len(group) == 1:
                await self._decide(asked)
            else:
                await self._decide_apart(asked)
        await save_all(self.works)
        if not await remember(self._connection, self._accepted):
            raise Conflict(", ".join(request.idempotency_key for request, _ in self._accepted))
        await self._look_for_twins()

    async def _decide(self, asked: Asked) -> None:
        work = self._open_work(self._connection, asked.request.cause, self._streams)
        try:
            answer = await asked.act(work)
        except Refusal as refusal:
            if not asked.reads:
                raise  # who knows what it has written
            self._refused.append((asked, refusal))
        else:
            self._accept(asked, work, answer)

    async def _decide_apart(self, asked: Asked) -> None:
        """Let an act write what it likes, and leave nothing of it where it fails."""
        await save_all(self.works)  # its tables show what was decided before it
        work = self._open_work(self._connection, asked.request.cause, self._streams)
        try:
            async with self._connection.transaction():
                answer = await asked.act(work)
                await work.save()
        except Refusal as refusal:
            self._refused.append((asked, refusal))
        except LOST_RACES as race:
            self.lost.append((asked, race))
        except Exception as fault:
            if is_away(fault):
                raise
            self.outcomes.append((asked, fault))
        else:
            self._accept(asked, work, answer)

    def _accept(self, asked: Asked, work: Work, answer: Answer) -> None:
        event_ids = [str(one.envelope.event_id) for one in (*work.saved, *work.unsaved)]
        answer = Answer(answer.status, {**answer.body, "event_ids": event_ids})
        self._streams.update(work.streams)
        self.works.append(work)
        self._accepted.append((asked.request, answer))
        self.outcomes.append((asked, answer))

    async def _look_for_twins(self) -> None:
        """The same request may have been done meanwhile, and be what the rule refuses here."""
        if self._refused:
            requests = [asked.request for asked, _ in self._refused]
            done = await remembered(self._connection, requests)
            self.outcomes += [
                (asked, done.get(asked.request.identity, refusal))
                for asked, refusal in self._refused
            ]
