"""HTTP for whoever has handed in a report: what changed since in its month, and why."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from asyncpg import Record
from fastapi import APIRouter, Query, Request, Response

from services.ledger.api.answers import RestatementPage
from services.ledger.api.moments import BETWEEN, AskedBetween
from services.ledger.domain.restating import is_late, kind
from services.ledger.repository import restating as sql
from services.ledger.repository.known import Known
from shared.calendar import era_label, fiscal_year
from shared.contracts.event import Id
from shared.contracts.resources import CATALOGUE
from shared.http.answers import answers
from shared.http.callers import Reader
from shared.http.months import AskedMonth
from shared.http.pages import Cursor, Limit, decode_cursor, next_cursor, page
from shared.wall import Wall

PLACES: Final = ("required", "open", "promised", "delivered", "confirmed")
ENTRY: Final = (
    *("number", "position", "resource", "month", "moved_from", "moved_to", "quantity"),
    *("organisation_id", "commitment_id", "delivery_id", *PLACES),
    *("event_id", "type", "stream", "version", "correlation", "causation", "cause_type"),
)
TIMES: Final = ("recorded_at", "booked_at", "business_date")


def create_restatements_router(wall: Wall, known: Known) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["ledger"])

    @router.get("/homes/{home_id}/restatements", **answers(RestatementPage, *BETWEEN))
    async def restatements(
        home_id: Id,
        request: Request,
        caller: Reader,
        month: Annotated[AskedMonth, Query()],
        between: AskedBetween,
        resource: Id | None = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Response:
        """Explain what changed in a month between two moments, entry by entry with its cause.

        Beside the page stand the totals of each resource as known before and after. As CSV it is
        the entries, each with what its cell came to.
        """
        await caller.must("read_home", home_id=home_id)
        number, position = decode_cursor(cursor, [0, 0])
        before, after = await known.last_links(home_id, *between)
        where = home_id, month, before, after, resource
        async with wall.reading(caller.principal) as connection:
            cells = await connection.fetch(sql.RESTATED_CELLS, *where)
            rows = await connection.fetch(sql.RESTATED_ENTRIES, *where, number, position, limit)
        totals = [_total(row) for row in cells]
        items = [_entry(row) for row in rows]
        going_on = next_cursor(items, limit, "number", "position")
        return page(request, await caller.told(items), going_on, totals=totals)

    return router


def _total(row: Record) -> dict[str, Any]:
    resource, month = CATALOGUE.get(row["resource"]), row["month"]
    before = {place: row[f"{place}_before"] or 0 for place in PLACES}
    after = {place: row[f"{place}_after"] for place in PLACES}
    return {
        "resource": row["resource"],
        "month": month,
        "unit": None if resource is None else resource.unit,
        "fiscal_year": fiscal_year(month),
        "era_month": era_label(month),
        "before": before,
        "after": after,
        "difference": {place: after[place] - before[place] for place in PLACES},
    }


def _entry(row: Mapping[str, Any] | Record) -> dict[str, Any]:
    late = is_late(row["business_date"], row["month"])
    moved = row["moved_from"], row["moved_to"]
    return {
        "kind": kind(*moved, row["type"], row["cause_type"], late=late),
        "late": late,
        **{name: _plain(row[name]) for name in ENTRY},
        **{name: row[name].isoformat() for name in TIMES},
    }


def _plain(value: Any) -> Any:  # noqa: ANN401  any column's
    return value if isinstance(value, int | None) else str(value)
