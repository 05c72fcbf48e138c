"""HTTP for governments: grants for a home's children or rent, disbursements, unit prices."""

from datetime import date

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from services.government_sponsorship.domain import (
    SECTORS,
    UNIT_PRICES,
    Announce,
    NoPrice,
    PricedTwice,
)
from shared.commitments.bodies import CorrectionBody, DeliveryBody, PromiseBody
from shared.commitments.desk import Desk
from shared.commitments.routes import Nouns, create_router
from shared.contracts.event import Id, Quantity, Total
from shared.contracts.government_sponsorship import UnitPrice
from shared.contracts.resources import CHILDREN_NEEDS
from shared.handling import Answer, handle
from shared.http.answers import Done, Page, Told, answers
from shared.http.app import answered
from shared.http.bodies import AskedDay, Body
from shared.http.callers import Reader, Writer
from shared.http.pages import Cursor, Limit, decode_cursor, next_cursor, page
from shared.ids import new_opaque_id
from shared.service import Plumbing
from shared.work import Work


class GrantPromiseBody(PromiseBody):
    """What the government grants each month, in all."""

    quantity: Total = Field(alias="amount_yen")


class DisbursementBody(DeliveryBody):
    """A disbursement for a month; what was never granted is said to be beyond, or a gift."""

    quantity: Quantity = Field(alias="amount_yen")
    beyond_promise: Total = Field(0, alias="beyond_promise_yen")
    delivered_on: date | None = Field(None, alias="disbursed_on")


class DisbursementCorrectionBody(CorrectionBody):
    """The right total of a disbursement that was recorded wrongly."""

    quantity: Total = Field(alias="amount_yen")


class UnitPriceBody(UnitPrice):
    """What one child of an age band needs in a whole month."""

    model_config = ConfigDict(extra="forbid")


class UnitPricesBody(Body):
    """Unit prices that hold from a day on, past or future."""

    from_day: AskedDay
    announced_on: AskedDay | None = None
    """None: today's business date."""
    prices: tuple[UnitPriceBody, ...]


class AnnouncementAnswer(Done):
    announcement_id: Id


class AnnouncementTold(Told):
    """Unit prices that were announced; the number says in which order."""

    number: int
    programme_id: Id
    announcement_id: Id
    organisation_id: Id
    announced_on: date
    from_day: date
    prices: list[UnitPrice]


def create_grants_router(desk: Desk) -> APIRouter:
    nouns = Nouns(
        commitments="grants",
        commitment="grant",
        deliveries="disbursements",
        delivery="disbursement",
        promise=GrantPromiseBody,
        report=DisbursementBody,
        correction=DisbursementCorrectionBody,
    )
    return create_router(desk, nouns)


def create_unit_prices_router(built: Plumbing) -> APIRouter:
    router = APIRouter(prefix="/v1/unit-prices", tags=["unit prices"])

    @router.post("", **answers(AnnouncementAnswer, NoPrice, PricedTwice, status=201))
    async def announce(body: UnitPricesBody, caller: Writer) -> Response:
        """Announce what a child of each age band needs in a month, from a day on."""
        await caller.must("announce", sectors=SECTORS)
        announcement_id = new_opaque_id()

        async def act(work: Work) -> Answer:
            command = Announce(
                announcement_id=announcement_id,
                organisation_id=caller.principal.organisation_id,
                announced_on=body.announced_on or await built.business_date.today(work.connection),
                from_day=body.from_day,
                prices=tuple(UnitPrice(**dict(price)) for price in body.prices),
            )
            await work.decide(UNIT_PRICES, CHILDREN_NEEDS, command)
            announcements, _ = await work.load(UNIT_PRICES, CHILDREN_NEEDS)
            return Answer(201, {"announcement_id": announcements.made[-1].announcement_id})

        return answered(await handle(built.transactions, caller.request, act))

    @router.get("", **answers(Page[AnnouncementTold]))
    async def announcements(
        request: Request, caller: Reader, limit: Limit = 50, cursor: Cursor = None
    ) -> Response:
        """List what has been announced, in the order in which it was."""
        (after,) = decode_cursor(cursor, [0])
        async with built.transactions.read(caller.principal) as work:
            announcements, _ = await work.load(UNIT_PRICES, CHILDREN_NEEDS)
        items = [
            {"number": number, **made.model_dump(mode="json", exclude={"movements"})}
            for number, made in enumerate(announcements.made, start=1)
            if number > after
        ][:limit]
        return page(request, items, next_cursor(items, limit, "number"))

    return router
