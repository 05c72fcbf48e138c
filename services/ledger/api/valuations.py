"""HTTP for organisations that say what their contributions in kind are worth."""

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field

from services.ledger.api.answers import ValuationAnswer, ValuationTold
from services.ledger.domain.statement_rules import LevelRule, StatementRules, kind_of
from services.ledger.domain.statements import FIRST_YEAR, LAST_YEAR, closing_day
from services.ledger.domain.valuations import (
    VALUATIONS,
    BasisNotFromOutside,
    Declare,
    EvidenceMissing,
    MoneyIsItsOwnValue,
    NotValuedHasNoValue,
    ResourceUnknown,
    ValueIncomplete,
)
from services.ledger.repository.statements import Contributions, values_alone
from shared.business_date import BusinessDate
from shared.contracts.event import Id, Quantity
from shared.contracts.ledger import Sha256, ValuationBasis, ValuationDeclared, ValuationLevel
from shared.contracts.resources import CATALOGUE, Unit
from shared.handling import Answer, Transactions, handle
from shared.http.answers import Page, answers
from shared.http.app import answered
from shared.http.bodies import Body
from shared.http.callers import Reader, Writer
from shared.http.pages import LIMIT_MAX, Cursor, Limit, cut, page
from shared.rules import NoRuleInForce
from shared.work import Work

DECLARING: Final = (
    ResourceUnknown,
    MoneyIsItsOwnValue,
    ValueIncomplete,
    NotValuedHasNoValue,
    BasisNotFromOutside,
    EvidenceMissing,
    NoRuleInForce,
)


class ValuationBody(Body):
    """How contributions of a resource are valued for a fiscal year; it replaces what was said."""

    resource: Id
    fiscal_year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]
    level: ValuationLevel
    yen: Quantity | None = None
    """The value of `per_units`."""
    per_units: Quantity | None = None
    """In the resource's own unit."""
    basis: ValuationBasis | None = None
    evidence_sha256: Sha256 | None = None
    """Hash of what the value rests on; the paper itself stays where it is."""


def create_valuations_router(
    transactions: Transactions,
    business_date: BusinessDate,
    contributions: Contributions,
    rules: StatementRules,
) -> APIRouter:
    router = APIRouter(
        prefix="/v1/organisations/{organisation_id}/valuations", tags=["statements"]
    )

    @router.post("", **answers(ValuationAnswer, *DECLARING, status=201))
    async def declare(organisation_id: Id, body: ValuationBody, caller: Writer) -> Response:
        """Say at what value a year's contributions in kind are shown; none is needed."""
        await caller.must("value", organisation_id=organisation_id)

        async def act(work: Work) -> Answer:
            await values_alone(work.connection, organisation_id)
            today = await business_date.today(work.connection)
            command = _command(organisation_id, body, today, rules)
            await work.decide(VALUATIONS, organisation_id, command)
            named = {"resource": body.resource, "fiscal_year": body.fiscal_year}
            return Answer(201, {"organisation_id": organisation_id, **named})

        return answered(await handle(transactions, caller.request, act))

    @router.get("", **answers(Page[ValuationTold]))
    async def valuations(
        organisation_id: Id,
        request: Request,
        caller: Reader,
        limit: Limit = LIMIT_MAX,
        cursor: Cursor = None,
    ) -> Response:
        """List how the organisation's contributions are valued: the last word on each."""
        await caller.must("read_statement", organisation_id=organisation_id)
        whose = caller.principal, organisation_id
        found = (await contributions.valuations(*whose, None)).of
        items = map(_told, found.values())
        return page(request, *cut(items, cursor, limit, "resource", "fiscal_year"))

    return router


def _command(
    organisation_id: str, body: ValuationBody, today: date, rules: StatementRules
) -> Declare:
    known = CATALOGUE.get(body.resource)
    unit = None if known is None else known.unit
    return Declare(
        organisation_id=organisation_id,
        **body.model_dump(),
        today=today,
        unit=unit,
        rule=_rule(body, unit, rules),
    )


def _rule(body: ValuationBody, unit: Unit | None, rules: StatementRules) -> LevelRule | None:
    kind = kind_of(unit, public=False)
    if kind is None:
        return None
    try:
        return rules.level(body.level, kind, closing_day(body.fiscal_year)).value
    except NoRuleInForce:
        return None


def _told(declared: ValuationDeclared) -> dict[str, Any]:
    return declared.model_dump(mode="json", exclude={"movements", "organisation_id"})
