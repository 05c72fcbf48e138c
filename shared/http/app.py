"""One service's HTTP application: its own routes, and what every service has."""

import time
from collections.abc import Awaitable, Callable, Sequence

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse

from shared.access.register import Register
from shared.handling import Answer
from shared.http.callers import correlation_of
from shared.http.problems import install_problems
from shared.metrics import REQUESTS

VERSION = "0.1.0"


def create_app(service: str, register: Register, routers: Sequence[APIRouter]) -> FastAPI:
    # The default documentation page loads scripts from elsewhere; ours come with the console.
    app = FastAPI(title=f"Yui {service}", version=VERSION, docs_url=None, redoc_url=None)
    app.state.register = register
    for router in routers:
        app.include_router(router)
    install_problems(app)
    app.middleware("http")(_trace)
    return app


async def _trace(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Give each request an id, and count it under its route."""
    request.state.correlation = correlation_of(request)
    started = time.perf_counter()
    response = await call_next(request)
    response.headers["X-Request-Id"] = request.state.correlation
    route = request.scope.get("route")
    labels = request.method, getattr(route, "path", "none"), str(response.status_code)
    REQUESTS.labels(*labels).observe(time.perf_counter() - started)
    return response


def answered(answer: Answer) -> JSONResponse:
    return JSONResponse(answer.body, answer.status)
