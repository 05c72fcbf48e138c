"""Who asks for what, and what was answered: the same request is done once, and answered alike."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import msgspec

from shared.decider import Aggregate
from shared.postgres import Connection
from shared.refusal import Refusal
from shared.work import Cause, Work

REMEMBERED: Final = """
-- What organisations were answered under these idempotency keys.
SELECT asked.organisation_id, asked.idempotency_key, fingerprint, status, answer
FROM unnest($1::text[], $2::text[]) AS asked (organisation_id, idempotency_key)
CROSS JOIN LATERAL (
    SELECT fingerprint, status, answer FROM request
    WHERE organisation_id = asked.organisation_id AND idempotency_key = asked.idempotency_key
    LIMIT 1  -- keeps to the index, whatever the planner believes of the table
) AS before
"""

REMEMBER: Final = """
-- Remembers answers; fewer rows than asked: another request with such a key was first.
INSERT INTO request (organisation_id, idempotency_key, fingerprint, status, answer)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::smallint[], $5::jsonb[])
ON CONFLICT DO NOTHING RETURNING true
"""

ENCODER: Final = msgspec.json.Encoder()

Identity: TypeAlias = tuple[str, str]


class KeyReused(Refusal):
    """An idempotency key belongs to one request: this one differs from the first."""

    status = 422
    japanese = "冪等キーは一つの要求のものです。この要求は最初のものと異なります。"


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for what, recognisable when it is asked again."""

    organisation_id: str
    idempotency_key: str
    fingerprint: bytes
    cause: Cause

    @property
    def identity(self) -> Identity:
        return self.organisation_id, self.idempotency_key


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any] = field(default_factory=dict)


Act: TypeAlias = Callable[[Work], Awaitable[Answer]]

Reads: TypeAlias = tuple[Aggregate[Any, Any, Any], str]
"""A stream that an act decides from: its kind, and its identity."""


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).digest()


async def remembered(
    connection: Connection, requests: Sequence[Request]
) -> Mapping[Identity, Answer | KeyReused]:
    """Return what those of the requests are answered that have been made before."""
    rows = await connection.fetch(
        REMEMBERED,
        [request.organisation_id for request in requests],
        [request.idempotency_key for request in requests],
    )
    fingerprints = {request.identity: request.fingerprint for request in requests}
    found: dict[Identity, Answer | KeyReused] = {}
    for row in rows:
        identity = row["organisation_id"], row["idempotency_key"]
        if row["fingerprint"] == fingerprints[identity]:
            found[identity] = Answer(row["status"], msgspec.json.decode(row["answer"]))
        else:
            found[identity] = KeyReused(row["idempotency_key"])
    return found


async def remember(connection: Connection, answered: Sequence[tuple[Request, Answer]]) -> bool:
    """Say whether all of them could be: a key that is taken belongs to somebody who was first."""
    if not answered:
        return True
    rows = await connection.fetch(
        REMEMBER,
        [request.organisation_id for request, _ in answered],
        [request.idempotency_key for request, _ in answered],
        [request.fingerprint for request, _ in answered],
        [answer.status for _, answer in answered],
        [ENCODER.encode(answer.body).decode() for _, answer in answered],
    )
    return len(rows) == len(answered)
