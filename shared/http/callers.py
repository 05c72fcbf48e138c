"""Who calls, and, for what changes something, under which idempotency key."""

import re
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Header, HTTPException, Request
from starlette.datastructures import Headers

from shared import handling
from shared.access.keys import parse_key
from shared.access.policy import Action, Principal
from shared.access.register import Register
from shared.handling import fingerprint
from shared.ids import new_opaque_id
from shared.postgres import Connection
from shared.work import Cause

CORRELATION: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Reading:
    """A caller who reads."""

    principal: Principal
    register: Register

    async def must(
        self,
        action: Action,
        *,
        home_id: str | None = None,
        organisation_id: str | None = None,
        sectors: frozenset[str] = frozenset(),
        connection: Connection | None = None,
    ) -> None:
        await self.register.allow(
            self.principal,
            action,
            home_id=home_id,
            organisation_id=organisation_id,
            sectors=sectors,
            connection=connection,
        )


@dataclass(frozen=True, slots=True)
class Writing(Reading):
    """A caller who changes something: the same key asks for the same thing."""

    request: handling.Request


async def _authenticate(request: Request) -> Principal:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    key = parse_key(token.strip()) if scheme.lower() == "bearer" else None
    register: Register = request.app.state.register
    principal = None if key is None else await register.principal(key)
    if principal is None:
        raise HTTPException(401, "API key needed", {"WWW-Authenticate": "Bearer"})
    return principal


async def _reader(request: Request) -> Reading:
    return Reading(await _authenticate(request), request.app.state.register)


async def _writer(
    request: Request,
    idempotency_key: Annotated[str, Header(min_length=1, max_length=128, pattern=r"^[!-~]+$")],
) -> Writing:
    principal = await _authenticate(request)
    body = await request.body()
    asked = handling.Request(
        organisation_id=principal.organisation_id,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint(request.method, request.scope["path"], body),
        cause=Cause(request.state.correlation, traceparent=_traceparent(request)),
    )
    return Writing(principal, request.app.state.register, asked)


def correlation_of(headers: Headers) -> str:
    """The request's own id where it has a sound one, else a new one."""
    given = headers.get("x-request-id", "")
    return given if CORRELATION.fullmatch(given) else new_opaque_id()


def _traceparent(request: Request) -> str | None:
    given = request.headers.get("traceparent", "")
    return given if TRACEPARENT.fullmatch(given) else None


Reader = Annotated[Reading, Depends(_reader)]
Writer = Annotated[Writing, Depends(_writer)]
