"""One service's HTTP application: its own routes, and what every service has."""

import time
from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
    app.add_middleware(Traced)
    return app


class Traced:
    """Gives each request an id, in and out, and counts it under its route.

    Plain ASGI: a middleware that wraps request and response objects costs as much as a query.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        correlation = correlation_of(Headers(scope=scope))
        scope.setdefault("state", {})["correlation"] = correlation
        started, status = time.perf_counter(), 500

        async def traced(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = correlation
            await send(message)

        try:
            await self._app(scope, receive, traced)
        finally:
            path = getattr(scope.get("route"), "path", "none")
            labels = scope["method"], path, str(status)
            REQUESTS.labels(*labels).observe(time.perf_counter() - started)


def answered(answer: Answer) -> JSONResponse:
    return JSONResponse(answer.body, answer.status)
