"""HTTP for those who receive: what arrived, what is confirmed, what is disputed."""

from collections.abc import Callable
from typing import Annotated, Final, Literal, TypedDict

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from services.homes import repository as sql
from services.homes.api.answers import ArrivalTold, DisputeAnswer, ReceiptAnswer
from services.homes.domain.home import HOMES, HomeUnknown
from services.homes.domain.receipts import (
    RECEIPTS,
    Arrival,
    CloseDispute,
    Command,
    ConfirmationBeyondDelivery,
    ConfirmDelivery,
    DelivererReceives,
    DeliveryChanged,
    DisputeDelivery,
    DisputeOpen,
    HomeOperatorReceives,
    TakeBack,
    TakenBackBeyondConfirmed,
)
from shared.contracts.commitment import ReasonCode
from shared.contracts.event import Id, Quantity
from shared.handling import Answer, handle
from shared.http.answers import Page, answers
from shared.http.app import answered
from shared.http.bodies import Body
from shared.http.callers import Reader, Writer, Writing
from shared.http.months import AskedMonth
from shared.http.pages import Cursor, Limit, page
from shared.http.sorting import place_in
from shared.ids import new_opaque_id
from shared.service import Plumbing
from shared.work import Work

SIDES: Final = (DelivererReceives, HomeOperatorReceives)


class ConfirmationBody(Body):
    """What the home has received, of the delivery as it was shown."""

    quantity: Quantity
    delivery_version: Annotated[int, Field(gt=0)]
    """As `GET deliveries` showed it."""


class TakingBackBody(Body):
    """What the home had confirmed wrongly."""

    quantity: Quantity


class DisputeBody(Body):
    """In what a delivery is not as recorded."""

    reason_code: ReasonCode


class Told(TypedDict):
    home_id: str
    delivery_id: str
    organisation_id: str
    home_operator_id: str
    arrival: Arrival | None


def create_receipts_router(built: Plumbing) -> APIRouter:
    router = APIRouter(prefix="/v1/homes/{home_id}/deliveries", tags=["deliveries"])

    @router.post(
        "/{delivery_id}/confirmation",
        **answers(ReceiptAnswer, *SIDES, DeliveryChanged, ConfirmationBeyondDelivery),
    )
    async def confirm(
        home_id: Id, delivery_id: Id, body: ConfirmationBody, caller: Writer
    ) -> Response:
        """Confirm a quantity of a delivery, as it was when the home saw it."""
        return await _receive(
            caller, home_id, delivery_id, lambda told: ConfirmDelivery(**told, **dict(body))
        )

    @router.post(
        "/{delivery_id}/taking-back", **answers(ReceiptAnswer, *SIDES, TakenBackBeyondConfirmed)
    )
    async def take_back(
        home_id: Id, delivery_id: Id, body: TakingBackBody, caller: Writer
    ) -> Response:
        """Take back a quantity that was confirmed wrongly."""
        return await _receive(
            caller, home_id, delivery_id, lambda told: TakeBack(**told, **dict(body))
        )

    @router.post(
        "/{delivery_id}/disputes", **answers(DisputeAnswer, *SIDES, DisputeOpen, status=201)
    )
    async def dispute(home_id: Id, delivery_id: Id, body: DisputeBody, caller: Writer) -> Response:
        """Dispute a delivery; nothing moves."""
        dispute_id = new_opaque_id()
        return await _receive(
            caller,
            home_id,
            delivery_id,
            lambda told: DisputeDelivery(
                **told, dispute_id=dispute_id, reason_code=body.reason_code
            ),
            status=201,
            dispute_id=dispute_id,
        )

    @router.post("/{delivery_id}/disputes/{dispute_id}/closing", **answers(DisputeAnswer, *SIDES))
    async def close_dispute(
        home_id: Id, delivery_id: Id, dispute_id: Id, caller: Writer
    ) -> Response:
        """Close a dispute that is settled."""
        return await _receive(
            caller,
            home_id,
            delivery_id,
            lambda told: CloseDispute(**told, dispute_id=dispute_id),
            dispute_id=dispute_id,
        )

    async def _receive(
        caller: Writing,
        home_id: str,
        delivery_id: str,
        command: Callable[[Told], Command],
        status: int = 200,
        **names: str,
    ) -> Response:
        async def act(work: Work) -> Answer:
            await caller.must("receive", home_id=home_id, connection=work.connection)
            home, _ = await work.load(HOMES, home_id)
            if home.home_operator_id is None:
                raise HomeUnknown
            told: Told = {
                "home_id": home_id,
                "delivery_id": delivery_id,
                "organisation_id": caller.principal.organisation_id,
                "home_operator_id": home.home_operator_id,
                "arrival": await sql.arrival(work.connection, delivery_id),
            }
            await work.decide(RECEIPTS, delivery_id, command(told))
            receipt, _ = await work.load(RECEIPTS, delivery_id)
            confirmed = {"confirmed": receipt.confirmed}
            return Answer(status, {"delivery_id": delivery_id, **names, **confirmed})

        return answered(await handle(built.transactions, caller.request, act))

    @router.get("", **answers(Page[ArrivalTold]))
    async def deliveries(
        home_id: Id,
        request: Request,
        caller: Reader,
        month: AskedMonth | None = None,
        unconfirmed: Annotated[bool, Query()] = False,  # noqa: FBT002  a flag in the address
        sort: Literal["month", "-month"] = "month",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """List what arrived at a home, what of it is confirmed, and what is disputed."""
        await caller.must("read_home", home_id=home_id)
        after = place_in(sort, cursor)
        which = after.descending, after.value, after.tie, month, unconfirmed, limit
        async with built.transactions.wall.reading(caller.principal) as connection:
            items = await sql.arrivals_page(connection, home_id, *which)
        following = after.next_cursor(items, limit, "delivery_id")
        return page(request, await caller.told(items), following)

    return router
