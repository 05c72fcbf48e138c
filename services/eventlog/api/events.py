"""Lists, permalinks, chains and streams."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from asyncpg import Record
from fastapi import APIRouter, Path, Request, Response

from services.eventlog import repository as sql
from services.eventlog.api.answers import ChainTold, EventTold, EventWholly, StreamPage
from services.eventlog.api.asking import Asking, told, visible
from services.eventlog.domain import BrokenCursor, in_order_of_cause
from shared.http.answers import Page, answers
from shared.http.callers import Reader, Reading
from shared.http.pages import Cursor, Limit, decode_cursor, next_cursor, page
from shared.postgres import Pool
from shared.refusal import NotFound
from shared.wall import Wall

CHAIN_MAX: Final = 2_000
CAUSES_MAX: Final = 200
EFFECTS_MAX: Final = 500
GAPS_MAX: Final = 100
ENDS: Final = {
    "oldest": (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0)),
    "newest": (datetime(9999, 12, 30, tzinfo=UTC), UUID(int=2**128 - 1)),
}
PAGES: Final = {"oldest": sql.OLDEST_PAGE, "newest": sql.NEWEST_PAGE}

Stream = Annotated[str, Path(max_length=500, pattern=r"^[^\x00]+$")]


def create_events_router(pool: Pool, wall: Wall) -> APIRouter:
    router = APIRouter()

    @router.get("/events", **answers(Page[EventTold]))
    async def events(
        request: Request,
        asked: Asking,
        first: Literal["newest", "oldest"] = "newest",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """List events by the time they were recorded; to follow what comes, use the tail."""
        place = _place(cursor) or ENDS[first]
        which = *await asked.arguments(), *place, limit
        rows = await wall.fetch(asked.caller.principal, PAGES[first], *which)
        items = await told(asked.caller, rows)
        return page(request, items, next_cursor(items, limit, "recorded_at", "event_id"))

    @router.get("/events/{event_id}", **answers(EventWholly))
    async def event(event_id: UUID, caller: Reader) -> dict[str, Any]:
        """Show an event, what led to it from the root down, and what answered it directly."""
        row = await _one(caller, event_id)
        causes = await _linked(sql.CAUSES, event_id, CAUSES_MAX)
        effects = await _linked(sql.EFFECTS, event_id, EFFECTS_MAX)
        seen_causes, seen_effects = await _seen(caller, causes), await _seen(caller, effects)
        return {
            **(await told(caller, [row]))[0],
            "causes": await told(caller, seen_causes),
            "effects": await told(caller, seen_effects),
            "withheld": len(causes) + len(effects) - len(seen_causes) - len(seen_effects),
        }

    @router.get("/events/{event_id}/chain", **answers(ChainTold))
    async def chain(event_id: UUID, caller: Reader) -> dict[str, Any]:
        """Show everything that followed from the same request, each event under its cause."""
        row = await _one(caller, event_id)
        correlation = row["correlation"]
        found: Sequence[UUID] = [event_id]
        if correlation:
            found = await _linked(sql.OF_CORRELATION, correlation, CHAIN_MAX + 1)
        seen = await _seen(caller, found[:CHAIN_MAX])
        in_order = list(in_order_of_cause([Logged(one) for one in seen]))
        items = await told(caller, (one.row for _, one in in_order))
        return {
            "event_id": str(event_id),
            "correlation": correlation,
            "is_complete": len(found) <= CHAIN_MAX,
            "withheld": len(found[:CHAIN_MAX]) - len(seen),
            "items": [
                {"depth": depth, **item} for (depth, _), item in zip(in_order, items, strict=True)
            ],
        }

    @router.get("/streams/{stream:path}", **answers(StreamPage))
    async def stream(
        stream: Stream, caller: Reader, limit: Limit = 100, cursor: Cursor = None
    ) -> dict[str, Any]:
        """List a stream's events in order, with the versions that are missing or wait."""
        homes = await caller.homes()
        # Whatever is said of a stream, a cursor's place in it too, is said to whoever may see it.
        async with wall.reading(caller.principal) as connection:
            if not await connection.fetch(sql.STREAM_PAGE, stream, homes, "", 0, 1):
                raise NotFound
            topic, version = decode_cursor(cursor, ["", 0])
            rows = await connection.fetch(sql.STREAM_PAGE, stream, homes, topic, version, limit)
            gaps = await connection.fetch(sql.STREAM_GAPS, stream, GAPS_MAX)
            held = await connection.fetch(sql.STREAM_HELD, stream, GAPS_MAX)
        items = await told(caller, rows)
        return {
            "items": items,
            "gaps": [dict(gap) for gap in gaps],
            "held": [dict(one) for one in held],
            "next_cursor": next_cursor(items, limit, "topic", "version"),
        }

    async def _linked(statement: str, *which: object) -> Sequence[UUID]:
        """Ids alone, whosever they are: that something is withheld is told, not what."""
        return [row["event_id"] for row in await pool.fetch(statement, *which)]

    async def _seen(caller: Reading, event_ids: Sequence[UUID]) -> Sequence[Record]:
        return await visible(caller, await wall.fetch(caller.principal, sql.THESE, event_ids))

    async def _one(caller: Reading, event_id: UUID) -> Record:
        row = await wall.fetchrow(caller.principal, sql.ONE, event_id)
        seen = await visible(caller, [] if row is None else [row])
        if not seen:
            raise NotFound
        return seen[0]

    return router


class Logged:
    """A row, as the order of causes wants to see it."""

    def __init__(self, row: Record) -> None:
        self.row = row

    @property
    def event_id(self) -> UUID:
        return self.row["event_id"]  # type: ignore[no-any-return]  # the column's own type

    @property
    def causation(self) -> UUID | None:
        return self.row["causation"]  # type: ignore[no-any-return]  # the column's own type


def _place(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    recorded_at, event_id = decode_cursor(cursor, ["", ""])
    try:
        return datetime.fromisoformat(recorded_at), UUID(event_id)
    except ValueError:
        raise BrokenCursor from None
