"""HTTP for a sponsor of many homes: all of its agreements at a glance."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from services.rent_sponsorship.domain import AGREEMENTS
from services.rent_sponsorship.domain.sponsored import at_a_glance
from shared.calendar import month_of
from shared.commitments import projections
from shared.contracts.event import Id, Month, Total
from shared.http.answers import Page, Told, answers
from shared.http.callers import Reader
from shared.http.pages import Cursor, Limit, decode_cursor, next_cursor, page
from shared.service import Plumbing


class SponsoredTold(Told):
    """An agreement of the caller's with a home, all its months together."""

    agreement_id: Id
    home_id: Id
    resource: Id
    withdrawn_from: Month | None
    first_month: Month | None
    last_month: Month | None
    months: int
    """With something promised."""
    promised_yen: Total
    """In all, delivered or not."""
    delivered_yen: Total
    """With what was beyond the promise, and gifts; confirmed or not."""
    confirmed_yen: Total
    overdue_yen: Total
    """Of months that have ended."""
    next_due_month: Month | None
    """The first that is not paid in full, overdue ones among them."""
    next_due_yen: Total


def create_sponsored_router(built: Plumbing) -> APIRouter:
    router = APIRouter(prefix="/v1/sponsored-homes", tags=["sponsored homes"])

    @router.get("", **answers(Page[SponsoredTold]))
    async def sponsored(
        request: Request, caller: Reader, limit: Limit = 50, cursor: Cursor = None
    ) -> Response:
        """List the caller's own agreements, with what is promised, paid, confirmed and due."""
        own = caller.principal.organisation_id
        await caller.must("read_statement", organisation_id=own)
        (after,) = decode_cursor(cursor, [""])
        which = AGREEMENTS.category, own, None, after, limit
        async with built.transactions.read(caller.principal) as work:
            this_month = month_of(await built.business_date.today(work.connection))
            rows = await work.connection.fetch(projections.COMMITMENT_IDS, *which)
            found = [(await work.load(AGREEMENTS, row["commitment_id"]))[0] for row in rows]
            paid = [delivery_id for one in found for delivery_id in one.deliveries]
            confirmed = await projections.receipts_of(work.connection, paid)
        items = [
            {
                "agreement_id": one.terms.commitment_id,
                "home_id": one.terms.home_id,
                "resource": one.terms.resource,
                "withdrawn_from": one.withdrawn_from,
                **asdict(at_a_glance(one, this_month)),
                "confirmed_yen": sum(confirmed.get(paid, 0) for paid in one.deliveries),
            }
            for one in found
            if one.terms is not None
        ]
        return page(request, items, next_cursor(items, limit, "agreement_id"))

    return router
