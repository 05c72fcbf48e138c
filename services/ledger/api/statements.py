"""HTTP for an organisation's statement of a fiscal year: JSON, CSV, or a page to print."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final, Literal, TypeAlias

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from services.ledger.api.moments import MOMENTS, AskedMoment
from services.ledger.api.statement_answers import StatementTold
from services.ledger.api.statement_page import StatementPage
from services.ledger.domain.moments import Moment
from services.ledger.domain.statement_rules import Level, ReceiptItem, StatementRules
from services.ledger.domain.statements import (
    Contributed,
    FiscalYearUnknown,
    Line,
    Statement,
    Total,
    Worth,
    draw_up,
    read_fiscal_year,
)
from services.ledger.repository.statements import Contributions
from shared.calendar import era_fiscal_year, era_label, months_of
from shared.contracts.event import Id
from shared.http.answers import answers, printable
from shared.http.callers import Reader
from shared.http.languages import language_of
from shared.http.pages import table, wants_bom
from shared.refusal import NotFound

Format: TypeAlias = Literal["json", "csv", "html"]

# The page is whole: nothing is loaded, nothing runs, no form leads elsewhere.
SAFELY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Vary": "Accept, Accept-Language",
}


def create_statements_router(contributions: Contributions, rules: StatementRules) -> APIRouter:
    router = APIRouter(
        prefix="/v1/organisations/{organisation_id}/statements", tags=["statements"]
    )
    printed = StatementPage()

    @router.get("/{fiscal_year}", **printable(answers(StatementTold, *MOMENTS, FiscalYearUnknown)))
    async def statement(
        organisation_id: Id,
        fiscal_year: str,
        request: Request,
        caller: Reader,
        moment: AskedMoment,
        format: Format | None = None,  # noqa: A002  the query's own word
    ) -> Response:
        """Show what an organisation has promised, delivered and had confirmed in a fiscal year.

        As JSON, as CSV or as a page to print (`Accept`, or `format`). With `known_at` or
        `known_on`, as it was known by then: the same for ever.
        """
        await caller.must("read_statement", organisation_id=organisation_id)
        year = read_fiscal_year(fiscal_year)
        if not await contributions.is_known(caller.principal, organisation_id):
            raise NotFound
        whose = caller.principal, organisation_id
        contributed = await contributions.of(*whose, *months_of(year), moment)
        valuations = await contributions.valuations(*whose, moment)
        language = language_of(request.headers.get("accept-language", ""))

        def answer() -> Response:
            drawn = draw_up(organisation_id, year, contributed, valuations, rules)
            match format or _wanted(request):
                case "html":
                    return HTMLResponse(printed.of(drawn, moment, language), headers=SAFELY)
                case "csv":
                    return table(list(_rows(drawn)), bom=wants_bom(request))
                case "json":
                    return JSONResponse({"known": _known(moment), **_told(drawn)})

        # A thousand homes take a fifth of a second, in which the books go on.
        return await asyncio.to_thread(answer)

    return router


def _wanted(request: Request) -> Format:
    accepted = request.headers.get("accept", "")
    if "text/html" in accepted:
        return "html"
    return "csv" if "text/csv" in accepted else "json"


def _known(moment: Moment | None) -> str | None:
    known = None if moment is None else moment.at or moment.on
    return None if known is None else known.isoformat()


# --- As JSON


def _told(statement: Statement) -> dict[str, Any]:
    first, last = months_of(statement.fiscal_year)
    return {
        "organisation_id": statement.organisation_id,
        "fiscal_year": statement.fiscal_year,
        "era_fiscal_year": era_fiscal_year(statement.fiscal_year),
        "from_month": first,
        "through_month": last,
        "totals": [_total(total) for total in statement.totals()],
        "lines": [_line(line) for line in statement.lines],
        "rules": [
            {**rule.model_dump(mode="json", exclude={"value"}), "says": says.model_dump()}
            for rule, says in statement.rules()
        ],
    }


def _total(total: Total) -> dict[str, Any]:
    return {**total._asdict(), "provided": total.provided}


def _line(line: Line) -> dict[str, Any]:
    return {
        **_names(line),
        "promised": line.promised,
        "delivered": line.delivered,
        "confirmed": line.confirmed,
        "provided": line.provided,
        "months": [_month(month) for month in line.months],
        "valuation": None if line.worth is None else _worth(line.worth),
        "receipt": [_item(item, line) for item in line.receipt],
    }


def _names(line: Line) -> dict[str, Any]:
    return {
        "home_id": line.home_id,
        "sector": line.sector,
        "service": line.service,
        "resource": line.resource,
        "unit": line.unit,
    }


def _month(month: Contributed) -> dict[str, Any]:
    return {
        "month": month.month,
        "era_month": era_label(month.month),
        "promised": month.promised,
        "delivered": month.delivered,
        "confirmed": month.confirmed,
        "provided": month.provided,
    }


def _worth(worth: Worth) -> dict[str, Any]:
    declared = worth.declared
    return {
        "level": worth.level,
        "rule": _key(worth.rule),
        "yen": worth.yen,
        "yen_per": None if declared is None else declared.yen,
        "units": None if declared is None else declared.per_units,
        "basis": None if declared is None else declared.basis,
        "evidence_sha256": None if declared is None else declared.evidence_sha256,
    }


def _key(level: Level | None) -> str | None:
    return None if level is None else level.rule.key


def _item(item: ReceiptItem, line: Line) -> dict[str, Any]:
    stated = item.answer == "may" and item.value.item == "amount"
    return {
        "item": item.value.item,
        "answer": item.answer,
        "yen": line.confirmed if stated else None,
        "rule": item.rule.key,
        "source": item.rule.source,
        "confidence": item.rule.confidence,
    }


# --- As CSV: a row per line and month


def _rows(statement: Statement) -> Iterator[dict[str, Any]]:
    for line in statement.lines:
        for month in line.months:
            yield {
                "organisation_id": statement.organisation_id,
                "fiscal_year": statement.fiscal_year,
                **_names(line),
                **_month(month),
                "valuation": None if line.worth is None else line.worth.level,
            }
