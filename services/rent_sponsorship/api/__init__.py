"""HTTP for sponsors: agreements on a home's rent, and payments on them."""

from datetime import date

from fastapi import APIRouter
from pydantic import Field

from shared.commitments.bodies import CorrectionBody, DeliveryBody, PromiseBody
from shared.commitments.desk import Desk
from shared.commitments.routes import Nouns, create_router
from shared.contracts.event import Quantity, Total


class RentPromiseBody(PromiseBody):
    """What the sponsor will pay each month, in all."""

    quantity: Total = Field(alias="amount_yen")


class PaymentBody(DeliveryBody):
    """A payment for a month; what nobody promised is said to be beyond, or a gift."""

    quantity: Quantity = Field(alias="amount_yen")
    beyond_promise: Total = Field(0, alias="beyond_promise_yen")
    delivered_on: date | None = Field(None, alias="paid_on")


class PaymentCorrectionBody(CorrectionBody):
    """The right total of a payment that was recorded wrongly."""

    quantity: Total = Field(alias="amount_yen")


def create_agreements_router(desk: Desk) -> APIRouter:
    nouns = Nouns(
        commitments="rent-agreements",
        commitment="agreement",
        deliveries="payments",
        delivery="payment",
        promise=RentPromiseBody,
        report=PaymentBody,
        correction=PaymentCorrectionBody,
    )
    return create_router(desk, nouns)
