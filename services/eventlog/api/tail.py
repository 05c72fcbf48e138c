"""The live tail: server-sent events that lose nothing, whoever falls behind or goes away.

A tail holds no events for its reader: the log does. What the reader has seen is a vector of places
in partitions, sent as the id of each event; slow readers make their own tail wait, and no other.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import asyncpg
import structlog
from asyncpg import Record
from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.eventlog import repository as sql
from services.eventlog.api.asking import Asked, Asking, told
from services.eventlog.domain import (
    BrokenCursor,
    CursorAhead,
    Partition,
    Window,
    read_places,
    refuse_ahead,
    waiting,
    windows,
    write_places,
)
from shared.consuming.batch import Effect
from shared.http.answers import refusals
from shared.postgres import Pool
from shared.refusal import Refusal
from shared.wall import Wall

EVENTS_MAX: Final = 100
"""In memory at once, for each reader."""
LOOK_EVERY_S: Final = 0.5
RETRY_MS: Final = 1_000

FAULTS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)

log = structlog.get_logger("tail")


class TooManyTails(Refusal):
    """As many follow as this log can serve; try again later."""

    status = 503
    japanese = "追跡できる数を超えています。後でもう一度お試しください。"


@dataclass(slots=True)
class Tails:
    """Who follows now; all of them are woken when something has been logged."""

    pool: Pool
    wall: Wall
    tails_max: int
    tail_s_max: float
    heartbeat_s: float
    _following: set[asyncio.Event] = field(default_factory=set)

    def wake(self, _effect: Effect) -> None:
        for logged in self._following:
            logged.set()

    def enter(self) -> asyncio.Event:
        if len(self._following) >= self.tails_max:
            raise TooManyTails
        logged = asyncio.Event()
        self._following.add(logged)
        return logged

    def leave(self, logged: asyncio.Event) -> None:
        self._following.discard(logged)

    async def heads(self) -> dict[Partition, int]:
        rows = await self.pool.fetch(sql.HEADS)
        return {(row["topic"], row["partition"]): row["place"] for row in rows}


@dataclass(slots=True)
class Tail:
    """One reader, and how far it has come."""

    tails: Tails
    asked: Asked
    seen: dict[Partition, int]
    skip_beyond: int | None
    logged: asyncio.Event

    async def follow(self) -> AsyncIterator[ServerSentEvent]:
        """Tell what is logged until its time is up, or it can or may read no further."""
        try:
            async for event in self._follow():
                yield event
        except (Refusal, *FAULTS) as fault:
            # Its reader comes again with its last place, and hears then what the matter is.
            log.info("tail_ended", fault=type(fault).__name__)

    async def _follow(self) -> AsyncIterator[ServerSentEvent]:
        until = time.monotonic() + self.tails.tail_s_max
        yield self._mark("following", retry=RETRY_MS)
        told_at = time.monotonic()
        while time.monotonic() < until:
            self.logged.clear()
            heads = await self.tails.heads()
            if (skipped := await self._skip(heads)) is not None:
                yield skipped
            runs = windows(self.seen, heads, EVENTS_MAX)
            rows = await self._read(runs)
            for row, event in zip(rows, await told(self.asked.caller, rows), strict=True):
                self.seen[row["topic"], row["partition"]] = row["place"]
                told_at = time.monotonic()
                yield self._event(event)
            # What did not match has been seen too.
            self.seen.update((run.partition, run.through) for run in runs)
            if time.monotonic() - told_at >= self.tails.heartbeat_s:
                told_at = time.monotonic()
                yield self._mark("heartbeat")
            if not runs:
                await self.asked.caller.must_still_be_admitted()
                with suppress(TimeoutError):
                    # Another process may log too, so not only when woken.
                    await asyncio.wait_for(self.logged.wait(), LOOK_EVERY_S)

    async def _skip(self, heads: Mapping[Partition, int]) -> ServerSentEvent | None:
        """Where more wait than the reader wants, go on with what comes next, and say so."""
        if self.skip_beyond is None:
            return None
        missed = waiting(self.seen, heads)
        if sum(run.through - run.after for run in missed) <= self.skip_beyond:
            return None
        which = *await self.asked.arguments(), *_columns(missed)
        wall, principal = self.tails.wall, self.asked.caller.principal
        count = await wall.fetchval(principal, sql.COUNT_OF_WINDOWS, *which)
        if not isinstance(count, int) or count <= self.skip_beyond:
            return None
        self.seen = dict(heads)
        return ServerSentEvent(event="skipped", data={"skipped": count}, id=self._id())

    async def _read(self, runs: Sequence[Window]) -> list[Record]:
        if not runs:
            return []
        which = *await self.asked.arguments(), *_columns(runs)
        wall, principal = self.tails.wall, self.asked.caller.principal
        return list(await wall.fetch(principal, sql.OF_WINDOWS, *which))

    def _event(self, event: Mapping[str, Any]) -> ServerSentEvent:
        text = json.dumps(event, ensure_ascii=False)
        return ServerSentEvent(raw_data=text, id=self._id())

    def _mark(self, comment: str, retry: int | None = None) -> ServerSentEvent:
        """A line that no reader is told of; its place is kept all the same."""
        return ServerSentEvent(comment=comment, id=self._id(), retry=retry)

    def _id(self) -> str:
        return write_places(self.seen)


def _columns(runs: Sequence[Window]) -> tuple[list[str], list[int], list[int], list[int]]:
    return (
        [run.partition[0] for run in runs],
        [run.partition[1] for run in runs],
        [run.after for run in runs],
        [run.through for run in runs],
    )


def create_tail_router(tails: Tails) -> APIRouter:
    router = APIRouter()

    async def tail_of(
        asked: Asking,
        last_event_id: Annotated[str | None, Header()] = None,
        after: Annotated[str | None, Query()] = None,
        skip_beyond: Annotated[int | None, Query(ge=0)] = None,
    ) -> AsyncIterator[Tail]:
        """Everything that may be refused is refused here, before the first byte is sent."""
        await asked.arguments()
        heads = await tails.heads()
        place = last_event_id if last_event_id is not None else after
        if place is None:
            seen = heads
        else:
            seen = {} if place == "start" else read_places(place)
            refuse_ahead(seen, heads)
        logged = tails.enter()
        try:
            yield Tail(tails, asked, seen, skip_beyond, logged)
        finally:
            tails.leave(logged)

    @router.get(
        "/tail",
        response_class=EventSourceResponse,
        responses=refusals(BrokenCursor, CursorAhead, TooManyTails),
    )
    async def tail(tail: Annotated[Tail, Depends(tail_of)]) -> AsyncIterable[ServerSentEvent]:
        """Follow what is logged, from now on or `after` a place (`start`: from the first event).

        `Last-Event-ID` goes on where a reader was cut off. With `skip_beyond`, a reader for whom
        more events wait than that is told how many it missed, and goes on with the next.
        """
        async for event in tail.follow():
            yield event

    return router
