"""HTTP for whoever leases a home's house: leases, their rent, their end."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from services.rent_sponsorship import repository as sql
from services.rent_sponsorship.domain.leases import LEASES, TENANTS, Lease
from services.rent_sponsorship.domain.leasing import (
    ChangeRent,
    Command,
    EndBeyondTerm,
    EndLease,
    LeaseEndsBeforeStart,
    LeaseUnknown,
    RegisterLease,
    RentOutsideLease,
    TermWithoutEnd,
)
from shared.commitments import projections
from shared.commitments.commands import HomeClosed, HomeUnknown, OpeningHasFailed
from shared.contracts.event import Id, Month, Total
from shared.contracts.rent_sponsorship import Division, LeaseKind
from shared.handling import Answer, handle
from shared.http.answers import Done, Page, Told, answers
from shared.http.app import answered
from shared.http.bodies import AskedDay, Body
from shared.http.callers import Reader, Writer, Writing
from shared.http.months import AskedMonth
from shared.http.pages import Cursor, Limit, decode_cursor, encode_cursor, page
from shared.http.refusals import BrokenCursor
from shared.http.versions import AskedVersion, must_be, versioned
from shared.ids import new_opaque_id
from shared.refusal import NotFound
from shared.service import Plumbing
from shared.work import Work

REGISTERING: Final = (
    *(NotFound, HomeUnknown, HomeClosed, OpeningHasFailed),
    *(TermWithoutEnd, LeaseEndsBeforeStart),
)


class LeaseBody(Body):
    """A lease of the house in which a home lives; no landlord's name, no address."""

    home_id: Id
    kind: LeaseKind
    starts_on: AskedDay
    term_ends_on: AskedDay | None = None
    """The last day of the term: a fixed-term lease names it."""
    rent_yen: Total
    """A month; 0 where the house is lent."""
    common_charge_yen: Total = 0
    """A month, beside the rent."""
    deposit_yen: Total = 0
    renewal_fee_yen: Total = 0
    division: Division = "by_order"
    """How several sponsors divide it: the first up to its cap, then the next; or by share."""


class RentBody(Body):
    """Rent and common charge a month, from a month on; told again for a month, it replaces."""

    from_month: AskedMonth
    rent_yen: Total
    common_charge_yen: Total = 0


class LeaseEndBody(Body):
    """The last day of a lease; told again, it replaces."""

    ends_on: AskedDay


class LeaseAnswer(Done):
    lease_id: Id


class LeaseChangedAnswer(LeaseAnswer):
    """What was changed; the version counts the events of the lease."""

    version: int


class ChargeTold(Told):
    """What is due a month, from a month on."""

    from_month: Month
    rent_yen: Total
    common_charge_yen: Total


class LeaseListed(Told):
    """A lease; another tenant is told by its sector where it has not agreed to more."""

    lease_id: Id
    home_id: Id
    organisation_id: str
    kind: LeaseKind
    starts_on: date
    term_ends_on: date | None
    ends_on: date | None
    """The last day as far as it is known: an ordinary lease goes on after its term."""
    ends_within_a_year: bool
    """Of the business date."""
    deposit_yen: Total
    renewal_fee_yen: Total
    division: Division
    charges: list[ChargeTold]


class LeaseTold(LeaseListed):
    version: int
    """How many events it has; its `ETag` as well."""


def create_leases_router(built: Plumbing) -> APIRouter:
    router = APIRouter(prefix="/v1/leases", tags=["leases"])

    @router.post("", **answers(LeaseAnswer, *REGISTERING, status=201))
    async def register(body: LeaseBody, caller: Writer) -> Response:
        """Register a lease of the caller's organisation: the home's own, or one held for it."""
        lease_id, own = new_opaque_id(), caller.principal.organisation_id
        await caller.must("contribute", home_id=body.home_id, organisation_id=own, sectors=TENANTS)

        async def act(work: Work) -> Answer:
            status = await projections.home_status(work.connection, body.home_id)
            command = RegisterLease(
                lease_id=lease_id, organisation_id=own, home_status=status, **dict(body)
            )
            await work.decide(LEASES, lease_id, command)
            return Answer(201, {"lease_id": lease_id})

        return answered(await handle(built.transactions, caller.request, act))

    @router.post("/{lease_id}/rent", **answers(LeaseChangedAnswer, RentOutsideLease))
    async def change_rent(
        lease_id: Id, body: RentBody, caller: Writer, asked: AskedVersion
    ) -> Response:
        """Change rent and common charge from a month on."""
        return await _change(caller, lease_id, ChangeRent(**dict(body)), asked)

    @router.post(
        "/{lease_id}/ending", **answers(LeaseChangedAnswer, EndBeyondTerm, LeaseEndsBeforeStart)
    )
    async def end(
        lease_id: Id, body: LeaseEndBody, caller: Writer, asked: AskedVersion
    ) -> Response:
        """Say on which day a lease ends, before its term or where it has none."""
        return await _change(caller, lease_id, EndLease(**dict(body)), asked)

    async def _change(
        caller: Writing, lease_id: str, command: Command, asked: int | None
    ) -> Response:
        async def act(work: Work) -> Answer:
            lease, version = await work.load(LEASES, lease_id)
            if lease.registered is None:
                raise LeaseUnknown
            await caller.must(
                "contribute",
                home_id=lease.registered.home_id,
                organisation_id=lease.registered.organisation_id,
                sectors=TENANTS,
                connection=work.connection,
            )
            must_be(asked, version)
            await work.decide(LEASES, lease_id, command)
            _, version = await work.load(LEASES, lease_id)
            return Answer(200, {"lease_id": lease_id, "version": version})

        return answered(await handle(built.transactions, caller.request, act))

    @router.get("", **answers(Page[LeaseListed]))
    async def leases(
        request: Request,
        caller: Reader,
        home_id: Id | None = None,
        ending_before: AskedDay | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """List leases of the homes that the caller is party to, the earliest end first.

        `ending_before` leaves out what ends on that day or later, or has no end that is known.
        """
        after = _place(*decode_cursor(cursor, ["", ""]))
        homes = await caller.homes()
        if home_id is not None:
            homes = [home_id] if homes is None or home_id in homes else []
        async with built.transactions.read(caller.principal) as work:
            today = await built.business_date.today(work.connection)
            ids = await sql.leases_page(work.connection, homes, ending_before, after, limit)
            found = [(await work.load(LEASES, lease_id))[0] for lease_id in ids]
        items = await caller.told([describe(lease, today) for lease in found])
        return page(request, items, _next(found, limit))

    @router.get("/{lease_id}", **answers(LeaseTold))
    async def one(lease_id: Id, caller: Reader) -> Response:
        """Show a lease with what is due a month, each from its month on."""
        async with built.transactions.read(caller.principal) as work:
            today = await built.business_date.today(work.connection)
            lease, version = await work.load(LEASES, lease_id)
            if lease.registered is None:
                raise LeaseUnknown
            home_id = lease.registered.home_id
            await caller.must("read_home", home_id=home_id, connection=work.connection)
        return versioned(await caller.told({**describe(lease, today), "version": version}))

    return router


def describe(lease: Lease, today: date) -> dict[str, Any]:
    terms = lease.registered
    assert terms is not None  # noqa: S101  only what was registered is described
    charged = {"rent_yen", "common_charge_yen", "movements"}
    return {
        **terms.model_dump(mode="json", exclude=charged),
        "ends_on": None if lease.ends_on is None else lease.ends_on.isoformat(),
        "ends_within_a_year": lease.ends_within_a_year(today),
        "charges": [
            {
                "from_month": month,
                "rent_yen": charge.rent_yen,
                "common_charge_yen": charge.common_charge_yen,
            }
            for month, charge in sorted(lease.charges.items())
        ],
    }


def _place(ends_on: str, lease_id: str) -> tuple[date, str]:
    try:
        return date.fromisoformat(ends_on) if ends_on else date.min, lease_id
    except ValueError:
        raise BrokenCursor from None


def _next(found: Sequence[Lease], limit: int) -> str | None:
    if len(found) < limit:
        return None
    last = found[-1]
    assert last.registered is not None  # noqa: S101  it was found
    return encode_cursor(last.ends_on or sql.NO_END, last.registered.lease_id)
