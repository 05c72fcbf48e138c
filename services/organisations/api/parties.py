"""HTTP for the register: which organisation is party to which home."""

from fastapi import APIRouter, Request, Response

from services.organisations import repository
from services.organisations.api.answers import PartyAnswer, PartyTold
from services.organisations.domain.organisation import ORGANISATION
from services.organisations.domain.parties import PARTIES, Join, Leave, SectorNotItsOwn
from shared.contracts.event import Id
from shared.contracts.organisations import Sector
from shared.handling import Answer, Transactions, handle
from shared.http.answers import Page, answers
from shared.http.app import answered
from shared.http.bodies import Body
from shared.http.callers import Reader, Writer
from shared.http.pages import Cursor, Limit, decode_cursor, next_cursor, page
from shared.work import Work


class PartyBody(Body):
    """An organisation, and the sector in which it is party to the home."""

    organisation_id: Id
    sector: Sector


def create_parties_router(transactions: Transactions) -> APIRouter:
    router = APIRouter(prefix="/v1/homes/{home_id}/parties", tags=["parties to homes"])

    @router.post("", **answers(PartyAnswer, SectorNotItsOwn))
    async def join(home_id: Id, body: PartyBody, caller: Writer) -> Response:
        """Make an organisation party to a home, in a sector that it acts in."""
        await caller.must("administer", home_id=home_id)

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

    @router.post("/leave", **answers(PartyAnswer))
    async def leave(home_id: Id, body: PartyBody, caller: Writer) -> Response:
        """End an organisation's part in a home, in one sector."""
        await caller.must("administer", home_id=home_id)

        async def act(work: Work) -> Answer:
            command = Leave(
                home_id=home_id, organisation_id=body.organisation_id, sector=body.sector
            )
            await work.decide(PARTIES, home_id, command)
            return Answer(200, {"home_id": home_id, **body.model_dump()})

        return answered(await handle(transactions, caller.request, act))

    @router.get("", **answers(Page[PartyTold]))
    async def parties(
        home_id: Id, request: Request, caller: Reader, limit: Limit = 50, cursor: Cursor = None
    ) -> Response:
        """List which organisation is party to a home in which sector."""
        await caller.must("read_home", home_id=home_id)
        place, sector = decode_cursor(cursor, ["", ""])
        async with transactions.wall.reading(caller.principal) as seen:
            rows = await repository.parties_of(seen, home_id, (place, sector), limit)
        following = next_cursor(rows, limit, "place", "sector")
        items = [{name: row[name] for name in ("organisation_id", "sector")} for row in rows]
        return page(request, await caller.told(items), following)

    return router
