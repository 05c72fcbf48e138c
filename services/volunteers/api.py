"""HTTP for volunteer groups: pledges of hours to a home, and attendances on them."""

from datetime import date

from fastapi import APIRouter
from pydantic import Field

from shared.commitments.bodies import CorrectionBody, DeliveryBody, PromiseBody
from shared.commitments.desk import Desk
from shared.commitments.routes import Nouns, create_router
from shared.contracts.event import Quantity, Total


class HoursPledgedBody(PromiseBody):
    """How much time the group will give each month, in minutes of all volunteers together."""

    quantity: Total = Field(alias="minutes")


class AttendanceBody(DeliveryBody):
    """Time given in a month; what nobody had pledged is said to be beyond, or a gift."""

    quantity: Quantity = Field(alias="minutes")
    beyond_promise: Total = Field(0, alias="beyond_promise_minutes")
    delivered_on: date | None = Field(None, alias="attended_on")


class AttendanceCorrectionBody(CorrectionBody):
    """The right total of an attendance that was recorded wrongly, in minutes."""

    quantity: Total = Field(alias="minutes")


def create_pledges_router(desk: Desk) -> APIRouter:
    nouns = Nouns(
        commitments="pledges",
        commitment="pledge",
        deliveries="attendances",
        delivery="attendance",
        promise=HoursPledgedBody,
        report=AttendanceBody,
        correction=AttendanceCorrectionBody,
    )
    return create_router(desk, nouns)
