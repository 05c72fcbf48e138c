"""What every service tells of the keys that open it: when each did so last."""

from datetime import datetime

from fastapi import APIRouter, Request, Response

from shared.access.uses import uses_page
from shared.contracts.event import Id
from shared.contracts.organisations import KeyId
from shared.http.answers import Page, Told, answers
from shared.http.callers import Reader
from shared.http.pages import Cursor, Limit, decode_cursor, next_cursor, page
from shared.wall import Wall


class KeyUseTold(Told):
    key_id: KeyId
    used_at: datetime
    """When it opened this service last."""


def create_key_uses_router(wall: Wall) -> APIRouter:
    router = APIRouter(prefix="/v1/key-uses", tags=["keys"])

    @router.get("", **answers(Page[KeyUseTold]))
    async def key_uses(
        request: Request,
        caller: Reader,
        organisation_id: Id | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """List when an organisation's keys opened this service last, to half a minute."""
        whose = organisation_id or caller.principal.organisation_id
        await caller.must("read_keys", organisation_id=whose)
        (after,) = decode_cursor(cursor, [""])
        async with wall.reading(caller.principal) as seen:
            items = await uses_page(seen, whose, after, limit)
        return page(request, items, next_cursor(items, limit, "key_id"))

    return router
