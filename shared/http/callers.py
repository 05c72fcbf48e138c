"""Who calls, and, for what changes something, under which idempotency key."""

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request
from starlette.datastructures import Headers

from shared import handling
from shared.access.policy import Action, Principal
from shared.access.register import Register
from shared.handling import fingerprint
from shared.http.rate import Rate
from shared.http.refusals import ApiKeyNeeded
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
    credentials: str = field(repr=False)

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

    async def homes(self) -> list[str] | None:
        """The homes that it may read; None: all."""
        return await self.register.homes_of(self.principal)

    async def told(self, items: Any) -> Any:  # noqa: ANN401  any JSON
        """JSON as it may read it: others by name where they have agreed, else by their sector."""
        naming = await self.register.naming(self.principal)
        return items if naming is None else naming.told(items)

    async def must_still_be_admitted(self) -> None:
        """Raise `ApiKeyNeeded` where what it showed opens nothing any more."""
        if await self.register.admit(self.credentials) is None:
            raise ApiKeyNeeded


@dataclass(frozen=True, slots=True)
class Writing(Reading):
    """A caller who changes something: the same key asks for the same thing."""

    request: handling.Request


async def _reader(request: Request) -> Reading:
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    credentials = shown.strip() if scheme.lower() == "bearer" else ""
    register: Register = request.app.state.register
    principal = await register.admit(credentials)
    if principal is None:
        raise ApiKeyNeeded
    rate: Rate = request.app.state.rate
    rate.spend(principal.organisation_id)
    return Reading(principal, register, credentials)


async def _writer(
    request: Request,
    idempotency_key: Annotated[str, Header(min_length=1, max_length=128, pattern=r"^[!-~]+$")],
) -> Writing:
    reader = await _reader(request)
    body = await request.body()
    asked = handling.Request(
        organisation_id=reader.principal.organisation_id,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint(request.method, request.scope["path"], body),
        cause=Cause(request.state.correlation, traceparent=_traceparent(request)),
    )
    return Writing(reader.principal, reader.register, reader.credentials, asked)


def correlation_of(headers: Headers) -> str:
    """The request's own id where it has a sound one, else a new one."""
    given = headers.get("x-request-id", "")
    return given if CORRELATION.fullmatch(given) else new_opaque_id()


def _traceparent(request: Request) -> str | None:
    given = request.headers.get("traceparent", "")
    return given if TRACEPARENT.fullmatch(given) else None


Reader = Annotated[Reading, Depends(_reader)]
Writer = Annotated[Writing, Depends(_writer)]
