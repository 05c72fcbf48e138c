"""HTTP for organisations that register who works or helps: register, export, erase."""

from datetime import date, datetime
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from shared.contracts.event import Id
from shared.http.answers import Told, answers, refusals
from shared.http.callers import Reader, Writer
from shared.people.keeping import People, PersonBody, PersonUnknown, RetentionEnded


class RegisteredTold(Told):
    """Under which id somebody is kept."""

    person_id: Id


class AccessTold(Told):
    """What was done with what is kept of somebody."""

    action: Literal["registered", "read", "erased", "retention_ended"]
    organisation_id: Id
    correlation: str
    """The id of the request."""
    done_at: datetime


class PersonTold(Told):
    """All that is kept of one person, and who has looked."""

    person_id: Id
    name: str
    kana: str | None
    born_on: date | None
    address: str | None
    email: str | None
    phone: str | None
    note: str | None
    retained_until: date
    registered_at: datetime
    accesses: list[AccessTold]


def create_people_router(people: People) -> APIRouter:
    router = APIRouter(prefix="/v1/people", tags=["people"])

    @router.post("", **answers(RegisteredTold, RetentionEnded, status=201))
    async def register(body: PersonBody, caller: Writer) -> dict[str, str]:
        """Register somebody; the id that is answered says nothing of who it is."""
        await caller.must("keep_people", organisation_id=caller.principal.organisation_id)
        return {"person_id": await people.register(caller.principal, caller.request, body)}

    @router.get("/{person_id}", **answers(PersonTold, PersonUnknown))
    async def export(person_id: Id, request: Request, caller: Reader) -> dict[str, Any]:
        """Export all that is kept of one person; that it was read is kept, too."""
        await caller.must("keep_people", organisation_id=caller.principal.organisation_id)
        return await people.export(caller.principal, person_id, request.state.correlation)

    @router.delete("/{person_id}", status_code=204, responses=refusals(PersonUnknown))
    async def erase(person_id: Id, request: Request, caller: Reader) -> Response:
        """Erase a person for good: what happened stays, and names nobody."""
        await caller.must("keep_people", organisation_id=caller.principal.organisation_id)
        await people.erase(caller.principal, person_id, request.state.correlation)
        return Response(status_code=204)

    return router
