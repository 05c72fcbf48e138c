"""HTTP for whoever runs Yui, and for organisations that manage their own keys."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, StringConstraints

from services.organisations import repository
from services.organisations.domain import (
    ORGANISATION,
    PARTIES,
    ChangeSectors,
    IssueKey,
    Join,
    Leave,
    OrganisationUnknown,
    Register,
    RevokeKey,
)
from shared.access.keys import new_key
from shared.contracts.event import Id
from shared.contracts.organisations import KeyId, Sector
from shared.handling import Answer, Transactions, handle
from shared.http.app import answered
from shared.http.callers import Reader, Reading, Writer
from shared.http.pages import Cursor, Limit, decode_cursor, next_cursor, page
from shared.ids import new_opaque_id
from shared.work import Work


class OrganisationBody(BaseModel):
    """An organisation takes part. Its name stays in this service."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    sectors: frozenset[Sector]


class SectorsBody(BaseModel):
    """All sectors in which the organisation acts from now on."""

    sectors: frozenset[Sector]


class KeyBody(BaseModel):
    """A key; none of its fields is needed."""

    expires_at: AwareDatetime | None = None
    """None: it opens until it is revoked."""


class PartyBody(BaseModel):
    """An organisation, and the sector in which it is party to the home."""

    organisation_id: Id
    sector: Sector


def create_organisations_router(transactions: Transactions) -> APIRouter:
    router = APIRouter(prefix="/v1/organisations", tags=["organisations"])

    @router.post("", status_code=201)
    async def register(body: OrganisationBody, caller: Writer) -> Response:
        """Register an organisation with the sectors it acts in."""
        await caller.must("administer")
        organisation_id = new_opaque_id()

        async def act(work: Work) -> Answer:
            command = Register(organisation_id=organisation_id, sectors=body.sectors)
            await work.decide(ORGANISATION, organisation_id, command)
            await repository.put_name(work.connection, organisation_id, body.name)
            return Answer(201, {"organisation_id": organisation_id})

        return answered(await handle(transactions, caller.request, act))

    @router.get("")
    async def organisations(
        request: Request, caller: Reader, limit: Limit = 50, cursor: Cursor = None
    ) -> Response:
        """List the organisations: all for whoever runs Yui, else the caller's own."""
        (after,) = decode_cursor(cursor, [""])
        own = None if caller.principal.operates_yui else caller.principal.organisation_id
        items = await repository.organisations(transactions.pool, own, after, limit)
        return page(request, items, next_cursor(items, limit, "organisation_id"))

    @router.get("/{organisation_id}")
    async def organisation(organisation_id: Id, caller: Reader) -> dict[str, Any]:
        """Show an organisation; a stranger finds nothing."""
        own = organisation_id == caller.principal.organisation_id
        found = await repository.organisations(transactions.pool, organisation_id, "", 1)
        if not found or not (own or caller.principal.operates_yui):
            raise OrganisationUnknown
        return found[0]

    @router.post("/{organisation_id}/sectors")
    async def change_sectors(organisation_id: Id, body: SectorsBody, caller: Writer) -> Response:
        """Say in which sectors an organisation acts from now on."""
        await caller.must("administer")

        async def act(work: Work) -> Answer:
            await work.decide(ORGANISATION, organisation_id, ChangeSectors(sectors=body.sectors))
            return Answer(200, {"organisation_id": organisation_id})

        return answered(await handle(transactions, caller.request, act))

    return router


def create_keys_router(transactions: Transactions) -> APIRouter:
    router = APIRouter(prefix="/v1/organisations/{organisation_id}/keys", tags=["keys"])

    async def must_manage(caller: Reading, organisation_id: str) -> None:
        await caller.must("manage_keys", organisation_id=organisation_id)

    @router.post("", status_code=201)
    async def issue(organisation_id: Id, body: KeyBody, caller: Writer) -> Response:
        """Make a key. It is shown in full this once; a repeat answers `"key": null`."""
        await must_manage(caller, organisation_id)
        made = new_key()

        async def act(work: Work) -> Answer:
            command = IssueKey(
                key_id=made.key_id, secret_sha256=made.secret_sha256, expires_at=body.expires_at
            )
            await work.decide(ORGANISATION, organisation_id, command)
            return Answer(201, {"key_id": made.key_id})

        answer = await handle(transactions, caller.request, act)
        # What is remembered for a repeat holds no secret; a repeat made another key in vain.
        is_new = answer.body["key_id"] == made.key_id
        shown = (
            {"key": str(made)}
            if is_new
            else {"key": None, "note": "The key was shown once, when it was made."}
        )
        return answered(Answer(answer.status, {**answer.body, **shown}))

    @router.get("")
    async def keys(
        organisation_id: Id,
        request: Request,
        caller: Reader,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """List an organisation's keys, without their secrets."""
        await must_manage(caller, organisation_id)
        (after,) = decode_cursor(cursor, [""])
        items = await repository.keys_of(transactions.pool, organisation_id, after, limit)
        return page(request, items, next_cursor(items, limit, "key_id"))

    @router.post("/{key_id}/revoke")
    async def revoke(organisation_id: Id, key_id: KeyId, caller: Writer) -> Response:
        """End a key for ever: it opens nothing any more."""
        await must_manage(caller, organisation_id)

        async def act(work: Work) -> Answer:
            await work.decide(ORGANISATION, organisation_id, RevokeKey(key_id=key_id))
            return Answer(200, {"key_id": key_id})

        return answered(await handle(transactions, caller.request, act))

    return router


def create_parties_router(transactions: Transactions) -> APIRouter:
    router = APIRouter(prefix="/v1/homes/{home_id}/parties", tags=["parties to homes"])

    @router.post("")
    async def join(home_id: Id, body: PartyBody, caller: Writer) -> Response:
        """Make an organisation party to a home, in a sector that it acts in."""
        await caller.must("administer")

        async def act(work: Work) -> Answer:
            organisation, _ = await work.load(ORGANISATION, body.organisation_id)
            command = Join(
                home_id=home_id,
                organisation_id=body.organisation_id,
                sector=body.sector,
                acts_in=organisation.sectors if organisation.registered else None,
            )
            await work.decide(PARTIES, home_id, command)
            return Answer(200, {"home_id": home_id, **body.model_dump()})

        return answered(await handle(transactions, caller.request, act))

    @router.post("/leave")
    async def leave(home_id: Id, body: PartyBody, caller: Writer) -> Response:
        """End an organisation's part in a home, in one sector."""
        await caller.must("administer")

        async def act(work: Work) -> Answer:
            command = Leave(
                home_id=home_id, organisation_id=body.organisation_id, sector=body.sector
            )
            await work.decide(PARTIES, home_id, command)
            return Answer(200, {"home_id": home_id, **body.model_dump()})

        return answered(await handle(transactions, caller.request, act))

    @router.get("")
    async def parties(
        home_id: Id, request: Request, caller: Reader, limit: Limit = 50, cursor: Cursor = None
    ) -> Response:
        """List which organisation is party to a home in which sector."""
        await caller.must("read_home", home_id=home_id)
        organisation_id, sector = decode_cursor(cursor, ["", ""])
        items = await repository.parties_of(
            transactions.pool, home_id, (organisation_id, sector), limit
        )
        return page(request, items, next_cursor(items, limit, "organisation_id", "sector"))

    return router
