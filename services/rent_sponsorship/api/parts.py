"""HTTP for several sponsors of one rent: who pays which part, month by month."""

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from services.rent_sponsorship.api.leases import LeaseChangedAnswer
from services.rent_sponsorship.domain import AGREEMENTS, SECTORS
from services.rent_sponsorship.domain.leases import LEASES, Lease
from services.rent_sponsorship.domain.leasing import (
    LeaseUnknown,
    PartDividedOtherwise,
    PartKnown,
    PartOfAnotherRent,
    PartUnknown,
    SharesBeyondWhole,
    TakePart,
)
from services.rent_sponsorship.domain.parts import parts_of
from shared.calendar import month_of, months_through
from shared.commitments.answers import ChangedAnswer
from shared.commitments.bodies import PromiseBody
from shared.commitments.commands import CommitmentUnknown, CommitmentWithdrawn, PromiseOfNothing
from shared.commitments.decider import MONTHS_MAX
from shared.commitments.desk import Desk
from shared.commitments.making import promising
from shared.commitments.offers import runs
from shared.commitments.routes import PROMISING
from shared.commitments.state import Commitment
from shared.contracts.commitment import Agreed
from shared.contracts.event import Id, Month, Total
from shared.contracts.rent_sponsorship import LeaseRegistered, Percent
from shared.handling import Answer, handle
from shared.http.answers import Page, Told, answers
from shared.http.app import answered
from shared.http.bodies import Body
from shared.http.callers import Reader, Writer, Writing
from shared.http.months import AskedMonth
from shared.http.pages import Cursor, Limit, decode_cursor, encode_cursor, page
from shared.http.versions import AskedVersion, must_be
from shared.service import Plumbing
from shared.work import Work

TAKING: Final = (
    *(PartOfAnotherRent, PartDividedOtherwise, PartKnown, SharesBeyondWhole),
    CommitmentWithdrawn,
)
LAST_MONTH: Final = "9999-12"


class PartBody(Body):
    """By which agreement the caller pays a part of the rent, and from which month on."""

    agreement_id: Id
    from_month: AskedMonth
    share_percent: Percent | None = None
    """Of the rent, where it is divided by share."""


class InstalmentsBody(Body):
    """Months for which a sponsor's part of the rent is promised."""

    from_month: AskedMonth
    through_month: AskedMonth
    beyond_need: bool = False
    """Whether it may be more than the home has said it needs."""


class PartAnswer(LeaseChangedAnswer):
    agreement_id: Id


class PartTold(Told):
    """A sponsor's part of a month's rent, and what it has promised and paid of it."""

    agreement_id: Id
    organisation_id: str
    part_yen: Total
    promised_yen: Total
    delivered_yen: Total


class LeaseMonthTold(Told):
    """What is due for a month, rent and common charge, and who pays which part."""

    month: Month
    due_yen: Total
    parts: list[PartTold]
    open_yen: Total
    """No sponsor's part."""


def create_parts_router(built: Plumbing, desk: Desk) -> APIRouter:
    router = APIRouter(prefix="/v1/leases/{lease_id}/parts", tags=["leases"])

    @router.post("", **answers(PartAnswer, *TAKING, status=201))
    async def take(lease_id: Id, body: PartBody, caller: Writer, asked: AskedVersion) -> Response:
        """Take a part of the rent from a month on: the next in order, or a share of it."""

        async def act(work: Work) -> Answer:
            lease, version = await work.load(LEASES, lease_id)
            agreement, terms = await _own_agreement(caller, work, lease, body.agreement_id)
            must_be(asked, version)
            beside = {body.agreement_id: agreement, **await _agreements(work, lease)}
            command = TakePart(
                agreement_id=body.agreement_id,
                home_id=terms.home_id,
                resource=terms.resource,
                organisation_id=terms.organisation_id,
                from_month=body.from_month,
                share_percent=body.share_percent,
                withdrawn_from={
                    agreement_id: one.withdrawn_from
                    for agreement_id, one in beside.items()
                    if one.withdrawn_from is not None
                },
            )
            await work.decide(LEASES, lease_id, command)
            _, version = await work.load(LEASES, lease_id)
            named = {"lease_id": lease_id, "agreement_id": body.agreement_id}
            return Answer(201, {**named, "version": version})

        return answered(await handle(built.transactions, caller.request, act))

    @router.post("/{agreement_id}/promises", **answers(ChangedAnswer, *PROMISING))
    async def promise(
        lease_id: Id,
        agreement_id: Id,
        body: InstalmentsBody,
        caller: Writer,
        asked: AskedVersion,
    ) -> Response:
        """Promise, month by month, what the caller's part of the rent is as things stand now."""

        async def act(work: Work) -> Answer:
            lease, _ = await work.load(LEASES, lease_id)
            await _own_agreement(caller, work, lease, agreement_id)
            _, version = await work.load(AGREEMENTS, agreement_id)
            must_be(asked, version)
            for first, last, yen in runs(await _instalments(work, lease, agreement_id, body)):
                promised = PromiseBody(
                    from_month=first,
                    through_month=last,
                    quantity=yen,
                    beyond_need=body.beyond_need,
                )
                version = await desk.decide(caller, work, agreement_id, promising(promised))
            return Answer(200, {"commitment_id": agreement_id, "version": version})

        return answered(await handle(built.transactions, caller.request, act))

    @router.get("", **answers(Page[LeaseMonthTold]))
    async def parts(
        lease_id: Id,
        request: Request,
        caller: Reader,
        from_month: AskedMonth | None = None,
        through_month: AskedMonth | None = None,
        limit: Limit = 12,
        cursor: Cursor = None,
    ) -> Response:
        """List what is due month by month, and who pays which part; from this month on."""
        (passed,) = decode_cursor(cursor, [0])
        async with built.transactions.read(caller.principal) as work:
            lease, _ = await work.load(LEASES, lease_id)
            home_id = _registered(lease).home_id
            await caller.must("read_home", home_id=home_id, connection=work.connection)
            first = from_month or month_of(await built.business_date.today(work.connection))
            agreements = await _agreements(work, lease)
        months = list(islice(months_through(first, through_month or LAST_MONTH), MONTHS_MAX))
        shown = months[max(passed, 0) :][:limit]
        items = await caller.told([_describe(lease, month, agreements) for month in shown])
        following = encode_cursor(passed + limit) if len(shown) == limit else None
        return page(request, items, following)

    return router


def _registered(lease: Lease) -> LeaseRegistered:
    if lease.registered is None:
        raise LeaseUnknown
    return lease.registered


async def _own_agreement(
    caller: Writing, work: Work, lease: Lease, agreement_id: str
) -> tuple[Commitment, Agreed]:
    """The caller's own agreement; whoever may not see the lease's home finds nothing."""
    agreement, _ = await work.load(AGREEMENTS, agreement_id)
    home_id = _registered(lease).home_id
    if agreement.terms is None:
        raise CommitmentUnknown
    await caller.must(
        "contribute",
        home_id=home_id,
        organisation_id=agreement.terms.organisation_id,
        sectors=SECTORS,
        connection=work.connection,
    )
    return agreement, agreement.terms


async def _agreements(work: Work, lease: Lease) -> dict[str, Commitment]:
    """By id, the agreements by which parts of a rent are taken."""
    ids = [part.agreement_id for part in lease.parts]
    return {one: (await work.load(AGREEMENTS, one))[0] for one in ids}


async def _instalments(
    work: Work, lease: Lease, agreement_id: str, body: InstalmentsBody
) -> Mapping[Month, int]:
    agreements = await _agreements(work, lease)
    if agreement_id not in agreements:
        raise PartUnknown
    asked = months_through(body.from_month, body.through_month)
    months = list(islice(asked, MONTHS_MAX + 1))
    if not 0 < len(months) <= MONTHS_MAX:
        raise PromiseOfNothing(body.from_month)
    return {month: parts_of(lease, month, agreements).get(agreement_id, 0) for month in months}


def _describe(lease: Lease, month: Month, agreements: Mapping[str, Commitment]) -> dict[str, Any]:
    found, due_yen = parts_of(lease, month, agreements), lease.due_yen(month)
    sponsors = {part.agreement_id: part.organisation_id for part in lease.parts}
    return {
        "month": month,
        "due_yen": due_yen,
        "parts": [
            {
                "agreement_id": agreement_id,
                "organisation_id": sponsors[agreement_id],
                "part_yen": yen,
                "promised_yen": agreements[agreement_id].promised.get(month, 0),
                "delivered_yen": agreements[agreement_id].fulfilled.get(month, 0),
            }
            for agreement_id, yen in found.items()
        ],
        "open_yen": due_yen - sum(found.values()),
    }
