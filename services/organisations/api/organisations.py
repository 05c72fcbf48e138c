"""HTTP for the register: who takes part, in which sectors, and who is named to others."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints

from services.organisations import repository
from services.organisations.api.answers import (
    NamingAnswer,
    OrganisationAnswer,
    OrganisationTold,
    OrganisationWholly,
)
from services.organisations.domain.organisation import (
    ORGANISATION,
    AgreeNaming,
    ChangeSectors,
    NoSector,
    OrganisationUnknown,
    Register,
)
from shared.contracts.event import Id
from shared.contracts.organisations import Sector
from shared.handling import Answer, Transactions, handle
from shared.http.answers import Page, answers
from shared.http.app import answered
from shared.http.bodies import Body
from shared.http.callers import Reader, Writer
from shared.http.pages import Cursor, Limit, decode_cursor, next_cursor, page
from shared.http.versions import AskedVersion, must_be, versioned
from shared.ids import new_opaque_id
from shared.work import Work


class OrganisationBody(Body):
    """An organisation takes part. Its name stays in this service."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    sectors: frozenset[Sector]


class SectorsBody(Body):
    """All sectors in which the organisation acts from now on."""

    sectors: frozenset[Sector]


class NamingBody(Body):
    """Whether others who are party to its homes read whose its contributions are."""

    agreed: bool


def create_organisations_router(transactions: Transactions) -> APIRouter:
    router = APIRouter(prefix="/v1/organisations", tags=["organisations"])

    @router.post("", **answers(OrganisationAnswer, NoSector, status=201))
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

    @router.get("", **answers(Page[OrganisationTold]))
    async def organisations(
        request: Request, caller: Reader, limit: Limit = 50, cursor: Cursor = None
    ) -> Response:
        """List the organisations: all for whoever runs or audits Yui, else the caller's own."""
        (after,) = decode_cursor(cursor, [""])
        own = caller.principal.organisation_id
        await caller.must("read_organisation", organisation_id=own)
        which = None if caller.principal.reads_everything else own
        async with transactions.wall.reading(caller.principal) as seen:
            items = await repository.organisations(seen, which, after, limit)
        return page(request, items, next_cursor(items, limit, "organisation_id"))

    @router.get("/{organisation_id}", **answers(OrganisationWholly))
    async def organisation(organisation_id: Id, caller: Reader) -> Response:
        """Show an organisation; a stranger finds nothing."""
        await caller.must("read_organisation", organisation_id=organisation_id)
        async with transactions.read(caller.principal) as work:
            found = await repository.organisations(work.connection, organisation_id, "", 1)
            _, version = await work.load(ORGANISATION, organisation_id)
        if not found:
            raise OrganisationUnknown
        return versioned({**found[0], "version": version})

    @router.post("/{organisation_id}/sectors", **answers(OrganisationAnswer, NoSector))
    async def change_sectors(
        organisation_id: Id, body: SectorsBody, caller: Writer, asked: AskedVersion
    ) -> Response:
        """Say in which sectors an organisation acts from now on."""
        await caller.must("administer", organisation_id=organisation_id)

        async def act(work: Work) -> Answer:
            _, version = await work.load(ORGANISATION, organisation_id)
            must_be(asked, version)
            await work.decide(ORGANISATION, organisation_id, ChangeSectors(sectors=body.sectors))
            return Answer(200, {"organisation_id": organisation_id})

        return answered(await handle(transactions, caller.request, act))

    @router.post("/{organisation_id}/naming", **answers(NamingAnswer))
    async def agree_naming(organisation_id: Id, body: NamingBody, caller: Writer) -> Response:
        """Agree that others who are party to its homes read its part by name, or no longer."""
        await caller.must("agree_naming", organisation_id=organisation_id)

        async def act(work: Work) -> Answer:
            await work.decide(ORGANISATION, organisation_id, AgreeNaming(agreed=body.agreed))
            return Answer(200, {"organisation_id": organisation_id, "agreed": body.agreed})

        return answered(await handle(transactions, caller.request, act))

    return router
