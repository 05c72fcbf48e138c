"""HTTP for whoever is party to a home: its books, what is missing, what became of an event."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Final
from uuid import UUID

from asyncpg import Record
from fastapi import APIRouter, Query, Request, Response

from services.ledger.api.answers import (
    CellTold,
    DiscrepancyTold,
    EntryTold,
    OutcomeTold,
    ShortfallTold,
)
from services.ledger.api.moments import MOMENTS, AskedMoment
from services.ledger.repository import reading as sql
from services.ledger.repository.double_funding import DOUBLE_FUNDINGS
from services.ledger.repository.known import Known
from services.ledger.repository.outcomes import Posted
from shared.calendar import era_label, fiscal_year
from shared.contracts.event import Id, Month
from shared.contracts.resources import CATALOGUE
from shared.http.answers import Page, answers
from shared.http.callers import Reader, Reading
from shared.http.months import AskedMonth
from shared.http.pages import LIMIT_MAX, Cursor, Limit, cut, decode_cursor, next_cursor, page
from shared.refusal import Refusal
from shared.wall import Wall

FIRST_MONTH: Final = "1000-01"
LAST_MONTH: Final = "9999-12"
PLACES: Final = ("required", "open", "promised", "delivered", "confirmed")
UNFIT: Final = {
    "kind": "",
    "home_id": "",
    "delivery_id": None,
    "resource": None,
    "month": None,
    "organisations": None,
    "excess": 0,
    "episode": 0,
}
"""What a line of discrepancies tells, of either kind: a table has the same columns throughout."""
PLACE_OF_UNFIT: Final = ("kind", "home_id", "delivery_id", "month", "resource")
"""What stands still of it, however much it becomes."""


def create_router(wall: Wall, posted: Posted, known: Known) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["ledger"])

    @router.get("/homes/{home_id}/ledger", **answers(Page[CellTold], *MOMENTS))
    async def ledger(
        home_id: Id,
        request: Request,
        caller: Reader,
        moment: AskedMoment,
        from_month: AskedMonth = FIRST_MONTH,
        through: AskedMonth = LAST_MONTH,
        limit: Limit = LIMIT_MAX,
        cursor: Cursor = None,
    ) -> Response:
        """Show a home's books: for each month and resource, where every unit is.

        With `known_at` or `known_on`, what was booked by then: the same for ever.
        """
        await caller.must("read_home", home_id=home_id)
        if moment is None:
            where = home_id, from_month, through
            rows: Sequence[Record] = await wall.fetch(caller.principal, sql.CELLS, *where)
        else:
            rows = await known.cells(caller.principal, home_id, moment, from_month, through)
        return page(request, *cut(map(_cell, rows), cursor, limit, "month", "resource"))

    @router.get("/homes/{home_id}/entries", **answers(Page[EntryTold]))
    async def entries(
        home_id: Id,
        request: Request,
        caller: Reader,
        resource: Id | None = None,
        month: AskedMonth | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """List a home's entries in booking order: whose, why, and all three times."""
        await caller.must("read_home", home_id=home_id)
        number, position = decode_cursor(cursor, [0, 0])
        where = home_id, number, position, resource, month, limit
        rows = await wall.fetch(caller.principal, sql.ENTRIES_PAGE, *where)
        items = [_plain(row) for row in rows]
        return page(
            request, await caller.told(items), next_cursor(items, limit, "number", "position")
        )

    @router.get("/events/{event_id}", **answers(OutcomeTold))
    async def event(
        event_id: UUID, caller: Reader, wait: Annotated[float, Query(ge=0, le=30)] = 0
    ) -> dict[str, Any]:
        """Say what became of an event, waiting up to `wait` seconds for it to come."""
        found = await posted.outcome(caller.principal, event_id, wait)
        if found is None or not await _may_know(caller, found["home_id"]):
            return {"event_id": str(event_id), "outcome": "unknown"}
        return {"event_id": str(event_id), **_plain(found)}

    @router.get("/shortfalls", **answers(Page[ShortfallTold]))
    async def shortfalls(
        request: Request,
        caller: Reader,
        home_id: Id | None = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Response:
        """List what nobody has promised yet, in the homes that the caller is party to."""
        homes = await caller.homes()
        if home_id is not None:
            await caller.must("read_home", home_id=home_id)
            homes = [home_id]
        after = decode_cursor(cursor, ["", "", ""])
        where = homes, *after, limit
        rows = await wall.fetch(caller.principal, sql.SHORTFALLS_PAGE, *where)
        items = [{**_plain(row), **_labels(row["resource"], row["month"])} for row in rows]
        return page(request, items, next_cursor(items, limit, "home_id", "month", "resource"))

    @router.get("/discrepancies", **answers(Page[DiscrepancyTold]))
    async def discrepancies(
        request: Request, caller: Reader, limit: Limit = LIMIT_MAX, cursor: Cursor = None
    ) -> Response:
        """List what does not fit: more confirmed than delivered; the same units funded twice.

        The first is shown to all who are party to the home, the second to whoever has delivered.
        """
        principal = caller.principal
        homes = await caller.homes()
        own = None if principal.reads_everything else principal.organisation_id
        excess = await wall.fetch(principal, sql.DISCREPANCIES, homes)
        twice = await wall.fetch(principal, DOUBLE_FUNDINGS, own, homes)
        items = [
            *({**UNFIT, "kind": "confirmation", **row} for row in excess),
            *({**UNFIT, "kind": "double_funding", **row} for row in twice),
        ]
        found, going_on = cut(items, cursor, limit, *PLACE_OF_UNFIT)
        return page(request, await caller.told(found), going_on)

    return router


async def _may_know(caller: Reading, home_id: str | None) -> bool:
    """Whether it may know what became of an event: one of no home touches no books."""
    if home_id is None:
        return True
    try:
        await caller.must("read_home", home_id=home_id)
    except Refusal:
        return False
    return True


def _cell(row: Mapping[str, Any] | Record) -> dict[str, Any]:
    return {
        "month": row["month"],
        "resource": row["resource"],
        **_labels(row["resource"], row["month"]),
        **{place: row[place] for place in PLACES},
    }


@lru_cache(maxsize=10_000)
def _labels(resource: str, month: Month) -> Mapping[str, Any]:
    known = CATALOGUE.get(resource)
    return {
        "unit": None if known is None else known.unit,
        "fiscal_year": fiscal_year(month),
        "era_month": era_label(month),
    }


def _plain(row: Mapping[str, Any] | Record) -> dict[str, Any]:
    return {
        name: value if isinstance(value, int | None) else str(value) for name, value in row.items()
    }
