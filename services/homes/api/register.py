"""HTTP for the register of homes: what each is, who lives there by age band, what it needs."""

from dataclasses import astuple
from datetime import date
from typing import Any, Final, Literal, TypeAlias

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict

from services.homes import repository as sql
from services.homes.api.answers import HomeAnswer, HomeTold, HomeWholly, NeedTold
from services.homes.domain.home import (
    HOMES,
    AfterClosing,
    BandCountedTwice,
    BeforeOpening,
    CapacityOutsideRule,
    ChangeCapacity,
    ChildrenBeyondCapacity,
    CloseHome,
    Command,
    CountChildren,
    Home,
    HomeUnknown,
    HorizonOutOfReach,
    NeedComputed,
    RegisterHome,
    ResourceUnknown,
    StateMonthlyNeed,
)
from services.homes.domain.needs import NEEDS
from services.homes.domain.rules import Rules
from services.homes.repository.needs import Needs
from shared.calendar import era_label, fiscal_year
from shared.contracts.event import Id, Total
from shared.contracts.homes import BandCount, Capacity, OperatorKind, PrefectureCode
from shared.contracts.resources import CATALOGUE
from shared.handling import Answer, handle
from shared.http.answers import Page, answers
from shared.http.app import answered
from shared.http.bodies import AskedDay, Body
from shared.http.callers import Reader, Writer, Writing
from shared.http.months import AskedMonth
from shared.http.pages import Cursor, Limit, decode_cursor, next_cursor, page
from shared.http.sorting import place_in
from shared.http.versions import AskedVersion, must_be, versioned
from shared.ids import new_opaque_id
from shared.rules import NoRuleInForce
from shared.service import Plumbing
from shared.work import Work

HomesSort: TypeAlias = Literal[
    "home_id", "-home_id", "opens_on", "-opens_on", "prefecture_code", "-prefecture_code"
]
TENDING: Final = (BeforeOpening, AfterClosing, ChildrenBeyondCapacity, NoRuleInForce)


class HomeBody(Body):
    """A home, and who runs it; no name, no address."""

    prefecture_code: PrefectureCode
    home_operator_kind: OperatorKind
    home_operator_id: Id
    capacity: Capacity
    opens_on: AskedDay
    needs_through: AskedMonth | None = None
    """The last month for which needs are stated; none: the horizon moves with the date."""


class CapacityBody(Body):
    """How many places there are from a day on."""

    capacity: Capacity
    from_day: AskedDay


class CountBody(BandCount):
    """How many children of an age band live there; never who."""

    model_config = ConfigDict(extra="forbid")


class ChildrenBody(Body):
    """How many children live there from a day on; told again for a day, it replaces."""

    from_day: AskedDay
    counts: tuple[CountBody, ...]
    """An age band that is not named has none."""


class NeedBody(Body):
    """What is needed each month from a month on, in the resource's own unit."""

    resource: Id
    from_month: AskedMonth
    quantity: Total


class ClosingBody(Body):
    """The last day of a home; told again, it replaces."""

    closed_on: AskedDay


def create_register_router(built: Plumbing, needs: Needs, rules: Rules) -> APIRouter:
    router = APIRouter(prefix="/v1/homes", tags=["homes"])

    @router.post(
        "",
        **answers(HomeAnswer, CapacityOutsideRule, HorizonOutOfReach, NoRuleInForce, status=201),
    )
    async def register(body: HomeBody, caller: Writer) -> Response:
        """Register a home; what it needs is told afterwards."""
        await caller.must("administer")
        home_id = new_opaque_id()
        command = RegisterHome(home_id=home_id, **dict(body), rules=rules)

        async def act(work: Work) -> Answer:
            await work.decide(HOMES, home_id, command)
            return Answer(201, {"home_id": home_id})

        return answered(await handle(built.transactions, caller.request, act))

    @router.post("/{home_id}/capacity", **answers(HomeAnswer, *TENDING, CapacityOutsideRule))
    async def change_capacity(
        home_id: Id, body: CapacityBody, caller: Writer, asked: AskedVersion
    ) -> Response:
        """Change how many places a home has, from a day on."""
        return await _tend(caller, home_id, ChangeCapacity(**dict(body), rules=rules), asked)

    @router.post("/{home_id}/children", **answers(HomeAnswer, *TENDING, BandCountedTwice))
    async def count_children(
        home_id: Id, body: ChildrenBody, caller: Writer, asked: AskedVersion
    ) -> Response:
        """Say how many children of each age band live there, from a day on; never who."""
        return await _tend(caller, home_id, CountChildren(**dict(body)), asked)

    @router.post(
        "/{home_id}/needs", **answers(HomeAnswer, *TENDING, NeedComputed, ResourceUnknown)
    )
    async def state_need(
        home_id: Id, body: NeedBody, caller: Writer, asked: AskedVersion
    ) -> Response:
        """State what is needed of a resource each month; the children's needs are computed."""
        return await _tend(caller, home_id, StateMonthlyNeed(**dict(body)), asked)

    @router.post("/{home_id}/closing", **answers(HomeAnswer, *TENDING))
    async def close(
        home_id: Id, body: ClosingBody, caller: Writer, asked: AskedVersion
    ) -> Response:
        """Close a home: from the day after, it needs nothing."""
        return await _tend(caller, home_id, CloseHome(**dict(body)), asked)

    async def _tend(
        caller: Writing, home_id: str, command: Command, asked: int | None
    ) -> Response:
        async def act(work: Work) -> Answer:
            home, version = await work.load(HOMES, home_id)
            await caller.must(
                "tend",
                home_id=home_id,
                organisation_id=home.home_operator_id,
                connection=work.connection,
            )
            must_be(asked, version)
            await work.decide(HOMES, home_id, command)
            await needs.restate(work, home_id)
            return Answer(200, {"home_id": home_id})

        return answered(await handle(built.transactions, caller.request, act))

    @router.get("", **answers(Page[HomeTold]))
    async def homes(
        request: Request,
        caller: Reader,
        prefecture_code: PrefectureCode | None = None,
        sort: HomesSort = "home_id",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """List the homes that the caller is party to."""
        after = place_in(sort, cursor)
        which = *astuple(after), await caller.homes(), prefecture_code, limit
        rows = await built.transactions.wall.fetch(caller.principal, sql.HOMES_PAGE, *which)
        items = [{name: _plain(value) for name, value in row.items()} for row in rows]
        return page(request, items, after.next_cursor(items, limit, "home_id"))

    @router.get("/{home_id}", **answers(HomeWholly))
    async def one(home_id: Id, caller: Reader) -> Response:
        """Show a home: places, children by age band, monthly needs, each from its day on."""
        await caller.must("read_home", home_id=home_id)
        async with built.transactions.read(caller.principal) as work:
            home, version = await work.load(HOMES, home_id)
        return versioned({**_describe(home), "version": version})

    @router.get("/{home_id}/needs", **answers(Page[NeedTold]))
    async def required(
        home_id: Id,
        request: Request,
        caller: Reader,
        resource: Id | None = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Response:
        """List what a home requires, by month and resource."""
        await caller.must("read_home", home_id=home_id)
        after = tuple(decode_cursor(cursor, ["", ""]))
        async with built.transactions.read(caller.principal) as work:
            need, _ = await work.load(NEEDS, home_id)
        found = sorted(
            (month, name, quantity)
            for (name, month), quantity in need.required.items()
            if (month, name) > after and resource in {None, name}
        )
        items = [
            {
                "month": month,
                "resource": name,
                "unit": CATALOGUE[name].unit,
                "quantity": quantity,
                "fiscal_year": fiscal_year(month),
                "era_month": era_label(month),
            }
            for month, name, quantity in found[:limit]
        ]
        return page(request, items, next_cursor(items, limit, "month", "resource"))

    return router


def _describe(home: Home) -> dict[str, Any]:
    if home.registered is None:
        raise HomeUnknown
    return {
        **home.registered.model_dump(mode="json", exclude={"movements", "capacity"}),
        "closed_on": _plain(home.closed_on),
        "capacities": [
            {"from_day": day.isoformat(), "capacity": capacity}
            for day, capacity in sorted(home.capacities.items())
        ],
        "children": [
            {"from_day": day.isoformat(), "age_band": band, "children": children}
            for day, counts in sorted(home.counts.items())
            for band, children in sorted(counts.items())
        ],
        "monthly_needs": [
            {"resource": resource, "from_month": month, "quantity": quantity}
            for resource, timeline in sorted(home.monthly.items())
            for month, quantity in sorted(timeline.items())
        ],
    }


def _plain(value: date | str | None) -> str | None:
    return value.isoformat() if isinstance(value, date) else value
