"""HTTP for sponsors: agreements on a home's rent, and payments on them."""

from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from shared.commitments.bodies import (
    AnswerBody,
    EvidenceSha256,
    LapseDays,
    NoticeBody,
    NoticeMonths,
)
from shared.commitments.commands import Deliver
from shared.commitments.desk import Desk, Terms
from shared.contracts.event import Id, Month, Quantity, Total
from shared.http.app import answered
from shared.http.callers import Reader, Writer
from shared.http.pages import Cursor, Limit, decode_cursor, next_cursor, page
from shared.ids import new_opaque_id


class AgreementBody(BaseModel):
    """A sponsor and a home sign on the rent."""

    home_id: Id
    agreed_on: date | None = None
    """None: today's business date."""
    notice_months: NoticeMonths = 2
    lapse_days: LapseDays = None


class PromiseBody(BaseModel):
    """What the sponsor will pay each month, in all."""

    from_month: Month
    through_month: Month | None = None
    """None changes every month promised so far, from `from_month` on."""
    amount_yen: Total
    beyond_need: bool = False


class PaymentBody(BaseModel):
    """A payment for a month; what nobody promised is said to be beyond, or a gift."""

    month: Month
    amount_yen: Quantity
    beyond_promise_yen: Total = 0
    gift: bool = False
    paid_on: date | None = None
    evidence_sha256: EvidenceSha256 = None


class CorrectionBody(BaseModel):
    """The right total of a payment that was recorded wrongly."""

    amount_yen: Total


def create_router(desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/v1/rent-agreements", tags=["rent agreements"])

    @router.post("", status_code=201)
    async def sign(body: AgreementBody, caller: Writer) -> Response:
        """Sign an agreement for the caller's organisation; nothing is promised yet."""
        terms = Terms(
            commitment_id=new_opaque_id(),
            home_id=body.home_id,
            agreed_on=body.agreed_on,
            notice_months=body.notice_months,
            lapse_days=body.lapse_days,
        )
        return answered(await desk.agree(caller, terms))

    @router.post("/{agreement_id}/promises")
    async def promise(agreement_id: Id, body: PromiseBody, caller: Writer) -> Response:
        """Promise rent for months ahead, or change a promise from a month on."""
        answer = await desk.promise(
            caller,
            agreement_id,
            from_month=body.from_month,
            through_month=body.through_month,
            quantity=body.amount_yen,
            beyond_need=body.beyond_need,
        )
        return answered(answer)

    @router.post("/{agreement_id}/payments", status_code=201)
    async def pay(agreement_id: Id, body: PaymentBody, caller: Writer) -> Response:
        """Report a payment: from the promise, beyond it, or as a gift."""
        delivery = Deliver(
            delivery_id=new_opaque_id(),
            month=body.month,
            quantity=body.amount_yen,
            beyond_promise=body.beyond_promise_yen,
            gift=body.gift,
            delivered_on=body.paid_on,
            evidence_sha256=body.evidence_sha256,
        )
        return answered(await desk.deliver(caller, agreement_id, delivery))

    @router.post("/{agreement_id}/payments/{payment_id}/correction")
    async def correct(
        agreement_id: Id, payment_id: Id, body: CorrectionBody, caller: Writer
    ) -> Response:
        """Correct a payment to its right total."""
        return answered(await desk.correct(caller, agreement_id, payment_id, body.amount_yen))

    @router.post("/{agreement_id}/payments/{payment_id}/disputes/{dispute_id}/answer")
    async def answer_dispute(
        agreement_id: Id, payment_id: Id, dispute_id: Id, body: AnswerBody, caller: Writer
    ) -> Response:
        """Stand by a payment that the home disputes."""
        answer = await desk.answer_dispute(
            caller, agreement_id, payment_id, dispute_id, body.reason_code
        )
        return answered(answer)

    @router.post("/{agreement_id}/withdrawal")
    async def withdraw(agreement_id: Id, body: NoticeBody, caller: Writer) -> Response:
        """Give notice: promises fall away after the agreement's notice period."""
        return answered(await desk.withdraw(caller, agreement_id, body.notice_on))

    @router.get("")
    async def agreements(
        request: Request,
        caller: Reader,
        home_id: Id | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """List the agreements of the homes that the caller is party to."""
        (after,) = decode_cursor(cursor, [""])
        items = await desk.page(caller, home_id, after, limit)
        return page(request, items, next_cursor(items, limit, "commitment_id"))

    @router.get("/overdue")
    async def overdue(request: Request, caller: Reader) -> Response:
        """List the caller's own promises of months that have ended, never paid."""
        return page(request, await desk.overdue(caller), None)

    @router.get("/{agreement_id}")
    async def agreement(agreement_id: Id, caller: Reader) -> dict[str, Any]:
        """Show an agreement with what is promised and paid, month by month."""
        return await desk.one(caller, agreement_id)

    @router.get("/{agreement_id}/payments")
    async def payments(
        agreement_id: Id,
        request: Request,
        caller: Reader,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """List an agreement's payments, with what the home has confirmed or disputes."""
        month, after = decode_cursor(cursor, ["", ""])
        items = await desk.deliveries(caller, agreement_id, (month, after), limit)
        return page(request, items, next_cursor(items, limit, "month", "delivery_id"))

    return router
