"""Every error as a problem (RFC 9457) that names its rule and leaks nothing else."""

import re
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from shared.event_store import Conflict, EventTooLarge
from shared.http.field_rules import field_rule
from shared.http.languages import Language, language_of
from shared.http.refusals import (
    ApiKeyNeeded,
    BodyUnreadable,
    DatabaseAway,
    InvalidRequest,
    MethodNotAllowed,
    TooLarge,
    TooManyWriters,
    Unexpected,
)
from shared.postgres import AWAY
from shared.refusal import NotFound, Refusal

NOT_DONE: Final = (*AWAY, asyncpg.TransactionRollbackError)
"""Nothing was done, and may be asked again."""

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:yui:problem:"
COME_AGAIN: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
TOLD_FRAMES: Final = 8
FIELD: Final = re.compile(r"[A-Za-z0-9_:-]{1,64}")
ELSEWHERE: Final = "?"
OF_STATUS: Final[Mapping[int, type[Refusal]]] = {
    refusal.status: refusal
    for refusal in (BodyUnreadable, ApiKeyNeeded, NotFound, MethodNotAllowed)
}
"""What the framework refuses by a status alone."""

log = structlog.get_logger("http")


class FieldError(BaseModel):
    """A field, and what it must hold."""

    model_config = ConfigDict(extra="forbid")

    field: str
    rule: str


class Problem(BaseModel):
    """Why something was not done (RFC 9457)."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    type: str
    """The rule, the same for ever: `docs/problems.md` lists them all."""
    title: str
    """What the rule says, in the language asked for."""
    status: int
    detail: str | None = None
    """What it was about: ids, months, resources; never a person."""
    errors: list[FieldError] | None = None


def problem(refusal: type[Refusal], language: Language, **more: Any) -> JSONResponse:  # noqa: ANN401  JSON
    content = {**stated(refusal, language), **more}
    response = JSONResponse(content, refusal.status, media_type=MEDIA_TYPE)
    response.headers["Content-Language"] = language
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if refusal.status in COME_AGAIN:
        response.headers["Retry-After"] = "1"
    return response


def stated(refusal: type[Refusal], language: Language) -> dict[str, Any]:
    return {
        "type": f"{TYPE_PREFIX}{refusal.rule()}",
        "title": title(refusal, language),
        "status": refusal.status,
    }


def told(refusal: Refusal, language: Language) -> dict[str, Any]:
    """A refusal as a problem's fields."""
    detail = ", ".join(str(arg) for arg in refusal.args)
    return {**stated(type(refusal), language), **({"detail": detail} if detail else {})}


def title(refusal: type[Refusal], language: Language) -> str:
    return (refusal.japanese if language == "ja" else "") or refusal.statement()


def spoken(headers: Mapping[str, str]) -> Language:
    return language_of(headers.get("accept-language", ""))


def install_problems(app: FastAPI) -> None:
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Conflict, _conflict)
    app.add_exception_handler(EventTooLarge, _too_large)
    for away in NOT_DONE:
        app.add_exception_handler(away, _away)


async def _refused(request: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, Refusal)  # noqa: S101  registered for it
    language = spoken(request.headers)
    return problem(type(refusal), language, **told(refusal, language), **refusal.beside())


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for it
    language = spoken(request.headers)
    errors = [
        {"field": ".".join(map(_named, one["loc"])), "rule": field_rule(one, language)}
        for one in error.errors()
    ]
    return problem(InvalidRequest, language, errors=errors)


def _named(part: str | int) -> str:
    """A field's name; what somebody sent instead of one is told only where it could be one."""
    return str(part) if FIELD.fullmatch(str(part)) else ELSEWHERE


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for it
    response = problem(OF_STATUS.get(error.status_code, Unexpected), spoken(request.headers))
    response.headers.update(error.headers or {})
    return response


async def _conflict(request: Request, _error: Exception) -> JSONResponse:
    return problem(TooManyWriters, spoken(request.headers))


async def _too_large(request: Request, _error: Exception) -> JSONResponse:
    return problem(TooLarge, spoken(request.headers))


async def _away(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, ValueError):
        # a value that could not even be sent, not a database away
        return unexpected(error, spoken(request.headers))
    log.warning("database_away", fault=type(error).__name__)
    return problem(DatabaseAway, spoken(request.headers))


def unexpected(error: Exception, language: Language) -> JSONResponse:
    """Record where it happened, without its message: that may quote what the caller sent."""
    where = traceback.format_tb(error.__traceback__)[-TOLD_FRAMES:]
    log.error("request_failed", fault=type(error).__name__, where=where)
    return problem(Unexpected, language)
