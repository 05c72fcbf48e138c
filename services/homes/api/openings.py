"""HTTP for those who open a home: an opening is begun, and everyone sees how it stands."""

from datetime import date
from typing import Any

from fastapi import APIRouter, Response

from services.homes.api.answers import HomeAnswer, OpeningWholly
from services.homes.api.asks import describe
from services.homes.domain import covering
from services.homes.domain.asking import ASKS
from services.homes.domain.asks import Ask, Asks
from services.homes.domain.home import HOMES
from services.homes.domain.needs import NEEDS
from services.homes.domain.opening import (
    OPENINGS,
    BeginOpening,
    DeadlineOutOfReach,
    HomeHasClosed,
    HomeIsOpen,
    NeedUnstated,
    Opening,
    OpeningHasFailed,
    OpeningUnderWay,
    totals,
)
from services.homes.domain.rules import Rules
from services.homes.repository import asks as asks_sql
from services.homes.repository.needs import Needs
from services.homes.repository.openings import read_provided
from shared.contracts.event import Id
from shared.contracts.homes import HomeOpened, OpeningFailed, RequiredTotal
from shared.contracts.resources import CATALOGUE
from shared.handling import Answer, handle
from shared.http.answers import answers
from shared.http.app import answered
from shared.http.bodies import AskedDay, Body
from shared.http.callers import Reader, Writer
from shared.rules import NoRuleInForce
from shared.service import Plumbing
from shared.work import Work

BEGINNING = (
    OpeningUnderWay,
    OpeningHasFailed,
    HomeIsOpen,
    HomeHasClosed,
    DeadlineOutOfReach,
    NeedUnstated,
    NoRuleInForce,
)


class OpeningBody(Body):
    """Until when partners answer."""

    deadline: AskedDay
    """The last day to do so; the home opens after it."""


def create_openings_router(built: Plumbing, needs: Needs, rules: Rules) -> APIRouter:
    router = APIRouter(prefix="/v1/homes/{home_id}/opening", tags=["openings"])

    @router.post("", **answers(HomeAnswer, *BEGINNING, status=201))
    async def begin(home_id: Id, body: OpeningBody, caller: Writer) -> Response:
        """Begin to open a home: it opens once its first months are covered, or not at all."""

        async def act(work: Work) -> Answer:
            home, _ = await work.load(HOMES, home_id)
            await caller.must(
                "tend",
                home_id=home_id,
                organisation_id=home.home_operator_id,
                connection=work.connection,
            )
            command = BeginOpening(
                home_id=home_id,
                home=home,
                required=await needs.required(work, home_id),
                deadline=body.deadline,
                begun_by=caller.principal.organisation_id,
                today=await built.business_date.today(work.connection),
                rules=rules,
            )
            await work.decide(OPENINGS, home_id, command)
            await needs.restate(work, home_id)
            return Answer(201, {"home_id": home_id})

        return answered(await handle(built.transactions, caller.request, act))

    @router.get("", **answers(OpeningWholly))
    async def show(home_id: Id, caller: Reader) -> dict[str, Any]:
        """Show how the opening of a home stands: who has answered, what is missing, until when."""
        await caller.must("read_home", home_id=home_id)
        async with built.transactions.read(caller.principal) as work:
            opening, _ = await work.load(OPENINGS, home_id)
            told: dict[str, Any] = await caller.told(
                {
                    **_describe(home_id, opening),
                    "missing": _listed(await _missing(work, home_id, opening)),
                    "asks": await _asks(work, home_id, opening),
                }
            )
        return told

    return router


async def _missing(work: Work, home_id: str, opening: Opening) -> tuple[RequiredTotal, ...]:
    if isinstance(opening.ended, OpeningFailed):
        return opening.ended.missing
    if opening.under_way is None:
        return ()
    need, _ = await work.load(NEEDS, home_id)
    provided = await read_provided(work.connection, home_id)
    return totals(covering.missing(opening.under_way, need.required, provided))


async def _asks(work: Work, home_id: str, opening: Opening) -> list[dict[str, Any]]:
    asks, _ = await work.load(ASKS, home_id)
    return [
        {
            **describe(ask),
            "offers": await asks_sql.offers_of(work.connection, ask.opened.ask_id),
            "declines": await asks_sql.declines_of(work.connection, ask.opened.ask_id),
        }
        for ask in _asked(asks, opening)
    ]


def _asked(asks: Asks, opening: Opening) -> list[Ask]:
    """The asks that stood open at some time while the opening was under way."""
    if opening.begun is None:
        return []
    begun_on, ended_on = opening.begun.begun_on, _ended_on(opening)
    return [
        ask
        for ask in asks.all.values()
        if (ask.closed_on is None or ask.closed_on >= begun_on)
        and (ended_on is None or ask.opened.opened_on <= ended_on)
    ]


def _describe(home_id: str, opening: Opening) -> dict[str, Any]:
    begun, ended_on = opening.begun, _ended_on(opening)
    return {
        "home_id": home_id,
        "status": _status(opening),
        "first_month": begun and begun.first_month,
        "through_month": begun and begun.through_month,
        "begun_on": begun and begun.begun_on.isoformat(),
        "deadline": begun and begun.deadline.isoformat(),
        "ended_on": ended_on and ended_on.isoformat(),
        "reason_code": opening.ended.reason_code
        if isinstance(opening.ended, OpeningFailed)
        else None,
    }


def _status(opening: Opening) -> str:
    match opening.ended:
        case HomeOpened():
            return "open"
        case OpeningFailed():
            return "failed"
        case _:
            return "not_begun" if opening.begun is None else "under_way"


def _ended_on(opening: Opening) -> date | None:
    match opening.ended:
        case HomeOpened():
            return opening.ended.opened_on
        case OpeningFailed():
            return opening.ended.failed_on
        case _:
            return None


def _listed(missing: tuple[RequiredTotal, ...]) -> list[dict[str, Any]]:
    return [{**one.model_dump(), "unit": CATALOGUE[one.resource].unit} for one in missing]
