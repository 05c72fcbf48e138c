"""HTTP for organisations that manage their own keys."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, Field

from services.organisations import repository
from services.organisations.api.answers import KeyAnswer, KeyShown, KeyTold
from services.organisations.domain.keys import (
    HomeUnclear,
    IssueKey,
    KeyEnded,
    RevokeKey,
    RoleNotItsOwn,
    RotateKey,
    ScopesNeeded,
)
from services.organisations.domain.organisation import ORGANISATION
from shared.access.keys import ApiKey, new_key
from shared.access.policy import Action, Role
from shared.clock import now
from shared.contracts.event import Id
from shared.contracts.organisations import KeyId
from shared.handling import Answer, Transactions, handle
from shared.http.answers import Page, answers
from shared.http.app import answered
from shared.http.bodies import Body
from shared.http.callers import Reader, Reading, Writer, Writing
from shared.http.pages import Cursor, Limit, decode_cursor, next_cursor, page
from shared.refusal import NotAllowed
from shared.work import Work

HOURS_MAX = 24 * 90


class KeyBody(Body):
    """A key; none of its fields is needed."""

    expires_at: AwareDatetime | None = None
    """None: it opens until it is revoked."""
    role: Role | None = None
    """None: all that the organisation may do."""
    scopes: frozenset[Action] | None = None
    """What alone it does of all that its role may; none: all of it."""
    home_id: Id | None = None
    """A caregiver's home."""


class RotationBody(Body):
    """How a key gives way to the next; none of its fields is needed."""

    overlap_hours: Annotated[int, Field(ge=0, le=HOURS_MAX)] = 24
    """For how long both open."""
    expires_at: AwareDatetime | None = None
    """The next one's end; none: it opens until it is revoked."""


def create_keys_router(transactions: Transactions) -> APIRouter:
    router = APIRouter(prefix="/v1/organisations/{organisation_id}/keys", tags=["keys"])

    async def make(
        organisation_id: str, caller: Writing, made: ApiKey, command: IssueKey | RotateKey
    ) -> Response:
        async def act(work: Work) -> Answer:
            await work.decide(ORGANISATION, organisation_id, command)
            return Answer(201, {"key_id": made.key_id})

        answer = await handle(transactions, caller.request, act)
        # What is remembered for a repeat holds no secret; a repeat made another key in vain.
        is_new = answer.body["key_id"] == made.key_id
        shown = (
            {"key": str(made)}
            if is_new
            else {"key": None, "note": "The key was shown once, when it was made."}
        )
        return answered(Answer(answer.status, {**answer.body, **shown}))

    @router.post("", **answers(KeyShown, RoleNotItsOwn, ScopesNeeded, HomeUnclear, status=201))
    async def issue(organisation_id: Id, body: KeyBody, caller: Writer) -> Response:
        """Make a key. It is shown in full this once; a repeat answers `"key": null`."""
        await _must_manage(caller, organisation_id)
        _refuse_more(caller, body.scopes)
        made = new_key()
        command = IssueKey(key_id=made.key_id, secret_sha256=made.secret_sha256, **dict(body))
        return await make(organisation_id, caller, made, command)

    @router.get("", **answers(Page[KeyTold]))
    async def keys(
        organisation_id: Id,
        request: Request,
        caller: Reader,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """List an organisation's keys, without their secrets."""
        await caller.must("read_keys", organisation_id=organisation_id)
        (after,) = decode_cursor(cursor, [""])
        async with transactions.wall.reading(caller.principal) as seen:
            items = await repository.keys_of(seen, organisation_id, after, limit)
        return page(request, items, next_cursor(items, limit, "key_id"))

    @router.post("/{key_id}/rotate", **answers(KeyShown, KeyEnded, status=201))
    async def rotate(
        organisation_id: Id, key_id: KeyId, body: RotationBody, caller: Writer
    ) -> Response:
        """Make a key that takes another's place: same role and scopes, both open for a while."""
        await _must_manage(caller, organisation_id)
        made = new_key()
        command = RotateKey(
            key_id=key_id,
            successor_id=made.key_id,
            secret_sha256=made.secret_sha256,
            rotated_at=now(),
            overlap=timedelta(hours=body.overlap_hours),
            expires_at=body.expires_at,
        )
        return await make(organisation_id, caller, made, command)

    @router.delete("/{key_id}", **answers(KeyAnswer))
    async def revoke(organisation_id: Id, key_id: KeyId, caller: Writer) -> Response:
        """End a key for ever: it opens nothing any more."""
        await _must_manage(caller, organisation_id)

        async def act(work: Work) -> Answer:
            await work.decide(ORGANISATION, organisation_id, RevokeKey(key_id=key_id))
            return Answer(200, {"key_id": key_id})

        return answered(await handle(transactions, caller.request, act))

    return router


async def _must_manage(caller: Reading, organisation_id: str) -> None:
    await caller.must("manage_keys", organisation_id=organisation_id)


def _refuse_more(caller: Reading, scopes: frozenset[Action] | None) -> None:
    """Nobody gives another key more than its own does."""
    own = caller.principal.scopes
    if own is not None and (scopes is None or not scopes <= own):
        raise NotAllowed
