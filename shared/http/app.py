"""One service's HTTP application: its own routes, and what every service has."""

import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from fastapi import APIRouter, FastAPI
from fastapi.responses import Response
from fastapi.telemetry import TelemetryConfig
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.access.register import Register
from shared.handling import Answer
from shared.http.callers import correlation_of
from shared.http.entrance import admitted
from shared.http.openapi import completed
from shared.http.problems import install_problems, problem, spoken, unexpected
from shared.http.rate import Rate
from shared.http.reference import create_reference_router
from shared.metrics import REQUESTS

VERSION = "0.1.0"
REQUESTS_PER_SECOND: Final = 5_000
ENCODER: Final = msgspec.json.Encoder()
METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class Application(FastAPI):
    """FastAPI, whose document says all that an operation may answer."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = completed(super().openapi())
        return self.openapi_schema


def create_app(
    service: str, register: Register, routers: Sequence[APIRouter], rate: Rate | None = None
) -> FastAPI:
    # The default documentation pages load scripts from elsewhere: ours is the reference.
    # Metrics are ours, and nobody here is a provider whom FastAPI would look for at each request.
    telemetry: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
    app = Application(
        title=f"Yui {service}",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        telemetry=telemetry,
    )
    app.state.register = register
    app.state.rate = rate or Rate(REQUESTS_PER_SECOND)
    for router in (*routers, create_reference_router(service)):
        # What is included keeps a router of its own, and each request is matched twice.
        app.router.routes.extend(router.routes)
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
        headers = Headers(scope=scope)
        correlation = correlation_of(headers)
        scope.setdefault("state", {})["correlation"] = correlation
        started, status = time.perf_counter(), 500
        started_answer = False

        async def traced(message: Message) -> None:
            nonlocal status, started_answer
            if message["type"] == "http.response.start":
                started_answer = True
                status = message["status"]
                message["headers"].append((b"x-request-id", correlation.encode()))
            await send(message)

        try:
            refusal, read = await admitted(scope["path"], headers, receive)
            if refusal is not None:
                await problem(refusal, spoken(headers))(scope, read, traced)
            else:
                await self._app(scope, read, traced)
        except Exception as error:
            if started_answer:
                raise
            await unexpected(error, spoken(headers))(scope, receive, traced)
        finally:
            path = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in METHODS else "other"
            labels = method, path, str(status)
            REQUESTS.labels(*labels).observe(time.perf_counter() - started)


def answered(answer: Answer) -> Response:
    return Response(ENCODER.encode(answer.body), answer.status, media_type="application/json")
