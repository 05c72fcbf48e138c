"""What operators see and do in every service: health, metrics, parked records."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import StringConstraints

from shared.consuming.parking import NotTheHead, Parking, StillFails, describe
from shared.http.answers import Page, Told, answers
from shared.http.bodies import Body
from shared.http.callers import Reader
from shared.http.health import Health
from shared.http.pages import Cursor, Limit, decode_cursor, next_cursor, page
from shared.published import NotLookedYet, Restored
from shared.wall import Wall


class Reason(Body):
    """Why an operator does what they do; kept for ever. Name no person."""

    reason: Annotated[str, StringConstraints(min_length=3, max_length=500, pattern=r"^[^\x00]*$")]


class LifeTold(Told):
    status: Literal["alive"]


class ReadinessTold(Told):
    """Whether it does its work, and each check with what it found."""

    status: Literal["ready", "not ready"]
    checks: dict[str, Any]


class ParkedTold(Told):
    """A record that could not be applied, or waits behind one: bytes that are no text as hex."""

    parked_id: int
    topic: str
    partition: int
    offset: int
    key: str | None
    event_id: UUID | None
    reason: str
    detail: str | None
    is_head: bool
    parked_at: datetime
    headers: list[list[str | None]]
    body: str | None


class ActionTold(Told):
    action_id: int
    topic: str
    partition: int
    offset: int
    event_id: str | None
    action: Literal["retried", "discarded", "failed_again"]
    reason: str
    acted_by: str
    acted_at: str


class EffectTold(Told):
    """How many records were applied, and how many are parked again."""

    applied: int
    parked: int


ParkedId = Annotated[int, Path(ge=1, lt=2**63)]


def readiness() -> dict[str, Any]:
    found = answers(ReadinessTold)
    found["responses"][503] = {"model": ReadinessTold, "description": "Not ready"}
    return found


def create_health_router(health: Health) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/livez", **answers(LifeTold))
    async def livez() -> dict[str, str]:
        """Say that the process lives."""
        return {"status": "alive"}

    @router.get("/readyz", **readiness())
    async def readyz() -> JSONResponse:
        """Say whether it does its work: 503 names the check that fails."""
        ready, checks = await health.look()
        status = "ready" if ready else "not ready"
        return JSONResponse({"status": status, "checks": checks}, 200 if ready else 503)

    @router.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        await health.look()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def create_parking_router(parking: Parking, wall: Wall) -> APIRouter:
    router = APIRouter(prefix="/v1/parked", tags=["parked records"])

    @router.get("", **answers(Page[ParkedTold]))
    async def parked(
        request: Request, caller: Reader, limit: Limit = 50, cursor: Cursor = None
    ) -> Response:
        """List records that could not be applied, and those that wait behind them."""
        await caller.must("watch")
        (after,) = decode_cursor(cursor, [0])
        async with wall.reading(caller.principal) as connection:
            rows = await parking.page(after, limit, connection)
        items = [describe(row) for row in rows]
        return page(request, items, next_cursor(items, limit, "parked_id"))

    @router.get("/actions", **answers(Page[ActionTold]))
    async def actions(
        request: Request, caller: Reader, limit: Limit = 50, cursor: Cursor = None
    ) -> Response:
        """List what operators did about parked records, newest first."""
        await caller.must("watch")
        (before,) = decode_cursor(cursor, [2**62])
        async with wall.reading(caller.principal) as connection:
            rows = await parking.actions(before, limit, connection)
        items = [{name: _plain(value) for name, value in row.items()} for row in rows]
        return page(request, items, next_cursor(items, limit, "action_id"))

    @router.get("/{parked_id}", **answers(ParkedTold))
    async def one(parked_id: ParkedId, caller: Reader) -> dict[str, Any]:
        """Show one parked record: why, its headers and its bytes."""
        await caller.must("watch")
        async with wall.reading(caller.principal) as connection:
            return describe(await parking.one(parked_id, connection))

    @router.post(
        "/{parked_id}/retry", **answers(EffectTold, NotTheHead, StillFails, NotLookedYet, Restored)
    )
    async def retry(parked_id: ParkedId, body: Reason, caller: Reader) -> dict[str, Any]:
        """Apply the head of a key again, and what waits behind it."""
        await caller.must("administer")
        effect = await parking.retry(parked_id, body.reason, caller.principal.organisation_id)
        return {"applied": len(effect.applied), "parked": len(effect.parked)}

    @router.post("/{parked_id}/discard", **answers(EffectTold, NotTheHead, NotLookedYet, Restored))
    async def discard(parked_id: ParkedId, body: Reason, caller: Reader) -> dict[str, Any]:
        """Give the head of a key up for ever, and apply what waits behind it."""
        await caller.must("administer")
        effect = await parking.discard(parked_id, body.reason, caller.principal.organisation_id)
        return {"applied": len(effect.applied), "parked": len(effect.parked)}

    return router


def _plain(value: Any) -> Any:  # noqa: ANN401  any column
    return value if isinstance(value, int | None) else str(value)
