"""HTTP for nonprofits and foster parents: staffing plans, hours worked, programmes, sessions."""

from datetime import date

from fastapi import APIRouter
from pydantic import Field

from shared.commitments.bodies import CorrectionBody, DeliveryBody, PromiseBody
from shared.commitments.desk import Desk
from shared.commitments.routes import Nouns, create_router
from shared.contracts.event import Quantity, Total


class CaregivingBody(PromiseBody):
    """How much caregiving is planned each month, in minutes of all caregivers together."""

    quantity: Total = Field(alias="minutes")


class HoursWorkedBody(DeliveryBody):
    """Caregiving done in a month; what no plan held is said to be beyond, or a gift."""

    quantity: Quantity = Field(alias="minutes")
    beyond_promise: Total = Field(0, alias="beyond_promise_minutes")
    delivered_on: date | None = Field(None, alias="worked_on")


class HoursCorrectionBody(CorrectionBody):
    """The right total of hours that were recorded wrongly, in minutes."""

    quantity: Total = Field(alias="minutes")


class PlannedSessionsBody(PromiseBody):
    """How many sessions of the programme are planned each month."""

    quantity: Total = Field(alias="sessions")


class SessionsBody(DeliveryBody):
    """Sessions held in a month; what nobody had planned is said to be beyond, or a gift."""

    quantity: Quantity = Field(alias="sessions")
    beyond_promise: Total = Field(0, alias="beyond_promise_sessions")
    delivered_on: date | None = Field(None, alias="held_on")


class SessionsCorrectionBody(CorrectionBody):
    """The right number of sessions that were recorded wrongly."""

    quantity: Total = Field(alias="sessions")


def create_staffing_plans_router(desk: Desk) -> APIRouter:
    nouns = Nouns(
        commitments="staffing-plans",
        commitment="plan",
        deliveries="hours-worked",
        delivery="timesheet",
        promise=CaregivingBody,
        report=HoursWorkedBody,
        correction=HoursCorrectionBody,
    )
    return create_router(desk, nouns)


def create_programmes_router(desk: Desk) -> APIRouter:
    nouns = Nouns(
        commitments="programmes",
        commitment="programme",
        deliveries="sessions",
        delivery="session",
        promise=PlannedSessionsBody,
        report=SessionsBody,
        correction=SessionsCorrectionBody,
    )
    return create_router(desk, nouns)
