"""HTTP for whoever wants to show later what was on the books: the seals of homes."""

from collections.abc import Mapping
from typing import Any

from asyncpg import Record
from fastapi import APIRouter, Request, Response

from services.ledger.api.answers import SealTold
from services.ledger.repository.sealing import SEALS_PAGE
from shared.contracts.event import Id
from shared.http.answers import Page, answers
from shared.http.callers import Reader, Reading
from shared.http.pages import Cursor, Limit, decode_cursor, next_cursor, page
from shared.wall import Wall


def create_seals_router(wall: Wall) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["ledger"])

    async def seals_page(
        request: Request,
        caller: Reading,
        homes: list[str] | None,
        limit: int,
        cursor: str | None,
    ) -> Response:
        after = decode_cursor(cursor, ["", ""])
        rows = await wall.fetch(caller.principal, SEALS_PAGE, homes, *after, limit)
        items = [_seal(row) for row in rows]
        return page(request, items, next_cursor(items, limit, "home_id", "month"))

    @router.get("/homes/{home_id}/seals", **answers(Page[SealTold]))
    async def seals_of_home(
        home_id: Id, request: Request, caller: Reader, limit: Limit = 100, cursor: Cursor = None
    ) -> Response:
        """List a home's seals: for each month that has ended one hash over its links so far."""
        await caller.must("read_home", home_id=home_id)
        return await seals_page(request, caller, [home_id], limit, cursor)

    @router.get("/seals", **answers(Page[SealTold]))
    async def seals(
        request: Request, caller: Reader, limit: Limit = 100, cursor: Cursor = None
    ) -> Response:
        """List the seals of the homes that the caller may read, to be kept elsewhere."""
        homes = await caller.homes()
        return await seals_page(request, caller, homes, limit, cursor)

    return router


def _seal(row: Mapping[str, Any] | Record) -> dict[str, Any]:
    return {**row, "sealed_at": row["sealed_at"].isoformat()}
