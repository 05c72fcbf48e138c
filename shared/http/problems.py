"""Every error as a problem (RFC 9457) that names its rule and leaks nothing else."""

import traceback
from http import HTTPStatus
from typing import Any, Final

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared.event_store import Conflict, EventTooLarge
from shared.postgres import AWAY
from shared.refusal import Refusal

NOT_DONE: Final = (*AWAY, asyncpg.TransactionRollbackError)
"""Nothing was done, and may be asked again."""

MEDIA_TYPE = "application/problem+json"
TOLD_FRAMES: Final = 8

log = structlog.get_logger("http")


def problem(status: int, rule: str, title: str, **more: Any) -> JSONResponse:  # noqa: ANN401  JSON
    content = {"type": f"urn:yui:problem:{rule}", "title": title, "status": status, **more}
    return JSONResponse(content, status, media_type=MEDIA_TYPE)


def install_problems(app: FastAPI) -> None:
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Conflict, _conflict)
    app.add_exception_handler(EventTooLarge, _too_large)
    for away in NOT_DONE:
        app.add_exception_handler(away, _away)


async def _refused(_request: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, Refusal)  # noqa: S101  registered for it
    detail = ", ".join(str(arg) for arg in refusal.args)
    more = {"detail": detail} if detail else {}
    response = problem(refusal.status, refusal.rule(), refusal.statement(), **more)
    if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "1"
    return response


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for it
    errors = [
        {"field": ".".join(str(part) for part in one["loc"]), "rule": one["msg"]}
        for one in error.errors()
    ]
    return problem(422, "invalid-request", "A field does not hold what it must", errors=errors)


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for it
    rule = str(error.detail).lower().replace(" ", "-")
    response = problem(error.status_code, rule, str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _conflict(_request: Request, _error: Exception) -> JSONResponse:
    response = problem(503, "too-many-writers", "Others write here all the time; try again")
    response.headers["Retry-After"] = "1"
    return response


async def _too_large(_request: Request, _error: Exception) -> JSONResponse:
    return problem(413, "too-large", "This is more than one event may hold")


async def _away(_request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, ValueError):
        return unexpected(error)  # a value that could not even be sent, not a database away
    log.warning("database_away", fault=type(error).__name__)
    response = problem(503, "database-away", "Nothing was done; try again with the same key")
    response.headers["Retry-After"] = "1"
    return response


def unexpected(error: Exception) -> JSONResponse:
    """Record where it happened, without its message: that may quote what the caller sent."""
    where = traceback.format_tb(error.__traceback__)[-TOLD_FRAMES:]
    log.error("request_failed", fault=type(error).__name__, where=where)
    return problem(500, "unexpected", "Something is wrong on our side; it has been recorded")
