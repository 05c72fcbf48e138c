"""HTTP for those who run homes: what is asked for, what is offered, what is taken of it."""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from services.homes.api.answers import AskTold, AskWholly, OfferAnswer
from services.homes.domain.asking import (
    ASKS,
    AcceptanceBeyondOffer,
    AcceptanceBeyondOpen,
    AcceptanceOfNothing,
    AcceptOffer,
    AskCovered,
    AskUnknown,
    Command,
    DeclineOffer,
    Offer,
    OfferAnswered,
    OfferGone,
    stated,
)
from services.homes.domain.asks import Ask, quantities
from services.homes.domain.home import HOMES
from services.homes.domain.opening import OPENINGS, OpeningHasFailed
from services.homes.repository import asks as sql
from shared.commitments.bodies import STANDING, AskStatus, MonthQuantityBody
from shared.commitments.quantities import month_list
from shared.contracts.event import Day, Id
from shared.contracts.resources import CATALOGUE
from shared.handling import Answer, handle
from shared.http.answers import Page, answers
from shared.http.app import answered
from shared.http.bodies import Body
from shared.http.callers import Reader, Writer, Writing
from shared.http.pages import Cursor, Limit, page
from shared.http.sorting import place_in
from shared.service import Plumbing
from shared.work import Work

ANSWERING: Final = (OfferAnswered, OfferGone, OpeningHasFailed)
ACCEPTING: Final = (
    AskCovered,
    AcceptanceOfNothing,
    AcceptanceBeyondOffer,
    AcceptanceBeyondOpen,
)


class AcceptanceBody(Body):
    """What the home takes of an offer."""

    months: Annotated[tuple[MonthQuantityBody, ...], Field(max_length=120)] | None = None
    """None: all that was offered."""


class OfferDecliningBody(Body):
    """Why the home takes nothing of an offer."""

    reason_code: Literal["not_needed", "another_preferred", "terms"]


def create_asks_router(built: Plumbing) -> APIRouter:
    router = APIRouter(prefix="/v1/asks", tags=["asks"])

    @router.get("", **answers(Page[AskTold]))
    async def asks(
        request: Request,
        caller: Reader,
        home_id: Id | None = None,
        resource: Id | None = None,
        status: AskStatus = "open",
        sort: Literal["ask_id", "-ask_id"] = "ask_id",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """List what is asked for in the homes that the caller is party to; ids grow with time."""
        mine = await caller.homes()
        if home_id is not None:
            mine = [home_id] if mine is None or home_id in mine else []
        after = place_in(sort, cursor)
        which = mine, resource, STANDING[status], after.descending, after.value, limit
        async with built.transactions.read(caller.principal) as work:
            rows = await work.connection.fetch(sql.ASKS_PAGE, *which)
            items = [describe(await _load(work, row["home_id"], row["ask_id"])) for row in rows]
        return page(request, items, after.next_cursor(items, limit, "ask_id"))

    @router.get("/{ask_id}", **answers(AskWholly))
    async def one(ask_id: Id, caller: Reader) -> dict[str, Any]:
        """Show an ask with all offers to it, side by side, and who has declined."""
        async with built.transactions.read(caller.principal) as work:
            home_id = await _home_of(work, ask_id)
            await caller.must("read_home", home_id=home_id, connection=work.connection)
            ask = await _load(work, home_id, ask_id)
            today = await built.business_date.today(work.connection)
            told: dict[str, Any] = await caller.told(
                {
                    **describe(ask),
                    "acceptable": month_list({m: ask.acceptable(m, today) for m in ask.months}),
                    "offers": await sql.offers_of(work.connection, ask_id),
                    "declines": await sql.declines_of(work.connection, ask_id),
                }
            )
            return told

    @router.post(
        "/{ask_id}/offers/{offer_id}/acceptance", **answers(OfferAnswer, *ANSWERING, *ACCEPTING)
    )
    async def accept(ask_id: Id, offer_id: Id, body: AcceptanceBody, caller: Writer) -> Response:
        """Take an offer, whole or in part; its owner promises it with what it hears of this."""
        months = None if body.months is None else quantities(body.months)
        if months is not None and len(months) < len(body.months or ()):
            raise AcceptanceOfNothing

        def command(home_id: str, offer: Offer | None, today: Day) -> Command:
            return AcceptOffer(
                home_id=home_id,
                ask_id=ask_id,
                offer=offer,
                months=months,
                accepted_by=caller.principal.organisation_id,
                today=today,
            )

        return await _answer(caller, ask_id, offer_id, command)

    @router.post("/{ask_id}/offers/{offer_id}/declining", **answers(OfferAnswer, *ANSWERING))
    async def decline(
        ask_id: Id, offer_id: Id, body: OfferDecliningBody, caller: Writer
    ) -> Response:
        """Take nothing of an offer, and say why."""

        def command(home_id: str, offer: Offer | None, _today: Day) -> Command:
            return DeclineOffer(
                home_id=home_id, ask_id=ask_id, offer=offer, reason_code=body.reason_code
            )

        return await _answer(caller, ask_id, offer_id, command)

    async def _answer(
        caller: Writing,
        ask_id: str,
        offer_id: str,
        command: Callable[[str, Offer | None, Day], Command],
    ) -> Response:
        async def act(work: Work) -> Answer:
            home_id = await _home_of(work, ask_id)
            home, _ = await work.load(HOMES, home_id)
            await caller.must(
                "tend",
                home_id=home_id,
                organisation_id=home.home_operator_id,
                connection=work.connection,
            )
            opening, _ = await work.load(OPENINGS, home_id)
            if opening.has_failed:
                raise OpeningHasFailed
            offer = await sql.read_offer(work.connection, offer_id)
            today = await built.business_date.today(work.connection)
            await work.decide(ASKS, home_id, command(home_id, offer, today))
            return Answer(200, {"ask_id": ask_id, "offer_id": offer_id})

        return answered(await handle(built.transactions, caller.request, act))

    return router


async def _home_of(work: Work, ask_id: str) -> str:
    home_id: str | None = await work.connection.fetchval(sql.HOME_OF_ASK, ask_id)
    if home_id is None:
        raise AskUnknown
    return home_id


async def _load(work: Work, home_id: str, ask_id: str) -> Ask:
    asks, _ = await work.load(ASKS, home_id)
    return asks.all[ask_id]


def describe(ask: Ask) -> dict[str, Any]:
    opened = ask.opened
    resource = CATALOGUE.get(opened.resource)
    return {
        "ask_id": opened.ask_id,
        "home_id": opened.home_id,
        "resource": opened.resource,
        "unit": None if resource is None else resource.unit,
        "gap": opened.gap,
        "asked": list(ask.asked),
        "opened_on": opened.opened_on.isoformat(),
        "escalated_on": ask.escalated_on and ask.escalated_on.isoformat(),
        "closed_on": ask.closed_on and ask.closed_on.isoformat(),
        "months": [one.model_dump() for one in stated(ask.months)],
    }
