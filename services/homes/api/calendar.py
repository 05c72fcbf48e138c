"""HTTP for what holds for every home: the rules, and the day that it is."""

from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response

from services.homes.api.answers import DateAnswer, DateTold, RuleTold
from services.homes.domain.business_date import (
    CALENDARS,
    AdvanceDate,
    DateGoesBack,
    DateIsLived,
)
from services.homes.domain.rules import Rules
from shared.handling import Answer, handle
from shared.http.answers import Page, answers
from shared.http.app import answered
from shared.http.bodies import AskedDay, Body
from shared.http.callers import Reader, Writer
from shared.http.pages import LIMIT_MAX, Cursor, Limit, cut, page
from shared.rules import NoRuleInForce
from shared.service import Plumbing
from shared.work import Work

TOKYO = "tokyo"


class DateBody(Body):
    """The day that it shall be."""

    business_date: AskedDay


def create_calendar_router(built: Plumbing, rules: Rules) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["rules and date"])

    @router.get("/rules", **answers(Page[RuleTold]))
    async def rule_table(
        request: Request,
        _caller: Reader,
        key: str | None = None,
        on: date | None = None,
        limit: Limit = LIMIT_MAX,
        cursor: Cursor = None,
    ) -> Response:
        """List the rules that homes go by, with their source and how sure we are of each."""
        found = [
            {**rule.model_dump(mode="json"), "confirmed": rule.confidence != "unconfirmed"}
            for rule in rules.all
            if key in {None, rule.key} and (on is None or rule.holds_on(on))
        ]
        return page(request, *cut(found, cursor, limit, "key", "valid_from"))

    @router.get("/business-date", **answers(DateTold))
    async def show(_caller: Reader) -> dict[str, Any]:
        """Say which day it is, and whether it is played."""
        today = await built.today()
        return {"business_date": today.isoformat(), "simulated": built.settings.simulated}

    @router.post("/business-date", **answers(DateAnswer, DateIsLived, DateGoesBack, NoRuleInForce))
    async def advance(body: DateBody, caller: Writer) -> Response:
        """Let a day begin, in simulation; days may be skipped, never repeated."""
        await caller.must("administer")
        command = AdvanceDate(business_date=body.business_date, simulated=built.settings.simulated)

        async def act(work: Work) -> Answer:
            await work.decide(CALENDARS, TOKYO, command)
            await built.business_date.begin(work, body.business_date)
            return Answer(200, {"business_date": body.business_date.isoformat()})

        return answered(await handle(built.transactions, caller.request, act))

    return router
