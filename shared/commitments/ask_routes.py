"""The routes for what homes ask of a sector, under the sector's own noun."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from shared.commitments.ask_answers import AskTold, DeclineAnswer, OfferAnswer, OfferTold
from shared.commitments.ask_desk import AskDesk
from shared.commitments.bodies import STANDING, AskDecliningBody, AskStatus, OfferBody
from shared.commitments.commands import HomeClosed, HomeUnknown, OpeningHasFailed
from shared.commitments.offers import AskCovered, OfferOfNothing, OfferPromised
from shared.contracts.event import Id
from shared.contracts.homes import PrefectureCode
from shared.http.answers import Page, answers
from shared.http.app import answered
from shared.http.callers import Reader, Writer
from shared.http.pages import LIMIT_MAX, Cursor, Limit, cut, decode_cursor, next_cursor, page

OFFERING: Final = (AskCovered, HomeUnknown, HomeClosed, OpeningHasFailed, OfferOfNothing)


def create_asks_router(desk: AskDesk, asks: str) -> APIRouter:
    """`asks` is what the sector calls them: `rent-appeals`."""
    them = asks.replace("-", " ")
    router = APIRouter(prefix=f"/v1/{asks}", tags=[them])

    @router.get("", summary=f"List {them}", **answers(Page[AskTold]))
    async def listed(
        request: Request,
        caller: Reader,
        resource: Id | None = None,
        prefecture_code: PrefectureCode | None = None,
        home_id: Id | None = None,
        status: AskStatus = "open",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """List what homes ask of the caller's sectors, the most urgent first.

        A home is known by its id and its prefecture alone, until one is party to it.
        """
        items = await desk.page(
            caller,
            resource=resource,
            prefecture_code=prefecture_code,
            home_id=home_id,
            standing=STANDING[status],
            after=decode_cursor(cursor, ["", ""]),
            limit=limit,
        )
        return page(request, items, next_cursor(items, limit, "first_month", "ask_id"))

    @router.get("/{ask_id}", summary="Show one", **answers(AskTold))
    async def one(ask_id: Id, caller: Reader) -> dict[str, Any]:
        """Show it with what stands open, month by month."""
        return await desk.one(caller, ask_id)

    @router.get("/{ask_id}/offers", summary="List own offers", **answers(Page[OfferTold]))
    async def offers(
        ask_id: Id,
        request: Request,
        caller: Reader,
        limit: Limit = LIMIT_MAX,
        cursor: Cursor = None,
    ) -> Response:
        """List the caller's own offers to it, and what has become of each."""
        found = await desk.own_offers(caller, ask_id)
        return page(request, *cut(found, cursor, limit, "offer_id"))

    @router.post(
        "/{ask_id}/offers",
        summary="Make an offer",
        **answers(OfferAnswer, *OFFERING, status=201),
    )
    async def offer(ask_id: Id, body: OfferBody, caller: Writer) -> Response:
        """Offer all of it, a part, or other months; it stands until it is answered."""
        return answered(await desk.offer(caller, ask_id, body))

    @router.post(
        "/{ask_id}/offers/{offer_id}/taking-back",
        summary="Take an offer back",
        **answers(OfferAnswer, OfferPromised),
    )
    async def take_back(ask_id: Id, offer_id: Id, caller: Writer) -> Response:
        """Take back what the home has not accepted yet."""
        return answered(await desk.take_back(caller, ask_id, offer_id))

    @router.post(
        "/{ask_id}/declining", summary="Decline", **answers(DeclineAnswer, AskCovered, status=201)
    )
    async def decline(ask_id: Id, body: AskDecliningBody, caller: Writer) -> Response:
        """Say that no offer will come, and why; when all have, others are asked."""
        return answered(await desk.decline(caller, ask_id, body))

    return router
