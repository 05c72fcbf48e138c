"""Every SQL statement of the register of organisations beside its projection."""

from collections.abc import Sequence
from typing import Any, Final

from shared.postgres import Connection

PUT_NAME: Final = """
-- What an organisation is called.
INSERT INTO name (organisation_id, name) VALUES ($1, $2)
"""

ORGANISATIONS: Final = """
-- Organisations after a place, or the one of this id; null is any.
SELECT organisation_id, name, sectors, operates_yui, named
FROM organisation LEFT JOIN name USING (organisation_id)
WHERE ($1::text IS NULL OR organisation_id = $1) AND organisation_id > $2
ORDER BY organisation_id LIMIT $3
"""

KEYS_OF: Final = """
-- An organisation's keys after a place, without what proves them.
SELECT key_id, role, scopes, home_id, expires_at, revoked FROM api_key
WHERE organisation_id = $1 AND key_id > $2 ORDER BY key_id LIMIT $3
"""

PARTIES_OF: Final = """
-- The parties to a home after a place, which tells nothing of who stands there.
SELECT organisation_id, sector, place
FROM party, LATERAL encode(sha256((home_id || organisation_id)::bytea), 'hex') AS place
WHERE home_id = $1 AND (place, sector) > ($2, $3)
ORDER BY place, sector LIMIT $4
"""


async def put_name(connection: Connection, organisation_id: str, name: str) -> None:
    await connection.execute(PUT_NAME, organisation_id, name)


async def organisations(
    seen_by: Connection, organisation_id: str | None, after: str, limit: int
) -> Sequence[dict[str, Any]]:
    rows = await seen_by.fetch(ORGANISATIONS, organisation_id, after, limit)
    return [dict(row) for row in rows]


async def keys_of(
    seen_by: Connection, organisation_id: str, after: str, limit: int
) -> Sequence[dict[str, Any]]:
    rows = await seen_by.fetch(KEYS_OF, organisation_id, after, limit)
    return [
        {**row, "expires_at": row["expires_at"] and row["expires_at"].isoformat()} for row in rows
    ]


async def parties_of(
    seen_by: Connection, home_id: str, after: tuple[str, str], limit: int
) -> Sequence[dict[str, Any]]:
    return [dict(row) for row in await seen_by.fetch(PARTIES_OF, home_id, *after, limit)]
