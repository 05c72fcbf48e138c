"""What a service knows of organisations, keys and homes, from the events of the register."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.access.keys import ApiKey
from shared.access.policy import Action, Principal, Resource, may
from shared.access.recent import Recent
from shared.clock import now
from shared.consuming.applying import Reaction
from shared.contracts.event import Event
from shared.contracts.organisations import (
    KeyIssued,
    KeyRevoked,
    OrganisationRegistered,
    PartyJoined,
    PartyLeft,
    SectorsChanged,
)
from shared.envelope import Envelope
from shared.postgres import Connection, Pool
from shared.refusal import NotAllowed, NotFound
from shared.work import Work

PRINCIPAL: Final = """
-- Whose key this is, with what proves it.
SELECT key.secret_sha256, key.expires_at, organisation_id, sectors, operates_yui
FROM api_key key JOIN organisation USING (organisation_id)
WHERE key_id = $1 AND NOT revoked
"""

IS_PARTY: Final = """
-- Whether an organisation is party to a home.
SELECT true FROM party WHERE home_id = $1 AND organisation_id = $2 LIMIT 1
"""

HOMES_OF: Final = """
-- The homes that an organisation is party to.
SELECT DISTINCT home_id FROM party WHERE organisation_id = $1 ORDER BY home_id
"""

PUT_ORGANISATION: Final = """
-- An organisation takes part.
INSERT INTO organisation (organisation_id, sectors, operates_yui) VALUES ($1, $2, $3)
ON CONFLICT (organisation_id)
DO UPDATE SET sectors = excluded.sectors, operates_yui = excluded.operates_yui
"""

PUT_SECTORS: Final = "UPDATE organisation SET sectors = $2 WHERE organisation_id = $1"

PUT_KEY: Final = """
-- A key opens from now on.
INSERT INTO api_key (key_id, organisation_id, secret_sha256, expires_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (key_id) DO NOTHING
"""

REVOKE_KEY: Final = "UPDATE api_key SET revoked = true WHERE key_id = $1"

PUT_PARTY: Final = "INSERT INTO party VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"

REMOVE_PARTY: Final = """
-- An organisation is party to a home no longer, in a sector.
DELETE FROM party WHERE home_id = $1 AND organisation_id = $2 AND sector = $3
"""


EVENTS: Final = (
    OrganisationRegistered,
    SectorsChanged,
    KeyIssued,
    KeyRevoked,
    PartyJoined,
    PartyLeft,
)
TYPE_NAMES: Final = frozenset(event.type_name() for event in EVENTS)


async def project(connection: Connection, event: Event, _envelope: Envelope) -> None:
    """Keep what an event of the register says; any other event says nothing here."""
    match event:
        case OrganisationRegistered():
            await connection.execute(
                PUT_ORGANISATION, event.organisation_id, list(event.sectors), event.operates_yui
            )
        case SectorsChanged():
            await connection.execute(PUT_SECTORS, event.organisation_id, list(event.sectors))
        case KeyIssued():
            secret = bytes.fromhex(event.secret_sha256)
            await connection.execute(
                PUT_KEY, event.key_id, event.organisation_id, secret, event.expires_at
            )
        case KeyRevoked():
            await connection.execute(REVOKE_KEY, event.key_id)
        case PartyJoined():
            await connection.execute(PUT_PARTY, event.home_id, event.organisation_id, event.sector)
        case PartyLeft():
            await connection.execute(
                REMOVE_PARTY, event.home_id, event.organisation_id, event.sector
            )
        case _:
            pass


def reactions() -> dict[type[Event], Reaction]:
    """What every service but the register itself answers to the register's events."""

    async def react(work: Work, event: Any, envelope: Envelope) -> None:  # noqa: ANN401  any of them
        await project(work.connection, event, envelope)

    return dict.fromkeys(EVENTS, react)


@dataclass(frozen=True, slots=True)
class _Holder:
    """Whose key it is, and what proves it."""

    principal: Principal
    secret_sha256: bytes
    expires_at: datetime | None


class Register:
    """Finds who asks, and refuses what the policy does not allow.

    What is revoked opens nothing as soon as this process has applied it; where another process
    does that, within seconds.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._holders: Recent[str, _Holder] = Recent()
        self._parties: Recent[tuple[str, str], bool] = Recent()

    def heard(self, type_names: Iterable[str]) -> None:
        """Say of which types the events are that have been applied, or saved, here."""
        if not TYPE_NAMES.isdisjoint(type_names):
            self._holders.forget()
            self._parties.forget()

    async def principal(self, key: ApiKey) -> Principal | None:
        holder = await self._holders.get(key.key_id, lambda: self._holder(key.key_id))
        if holder is None or not key.matches(holder.secret_sha256) or _expired(holder.expires_at):
            return None
        return holder.principal

    async def _holder(self, key_id: str) -> _Holder | None:
        row = await self._pool.fetchrow(PRINCIPAL, key_id)
        if row is None:
            return None
        who = Principal(row["organisation_id"], frozenset(row["sectors"]), row["operates_yui"])
        return _Holder(who, row["secret_sha256"], row["expires_at"])

    async def allow(
        self,
        principal: Principal,
        action: Action,
        *,
        home_id: str | None = None,
        organisation_id: str | None = None,
        sectors: frozenset[str] = frozenset(),
        connection: Connection | None = None,
    ) -> None:
        """Raise `NotAllowed`, or `NotFound` where not even the home is theirs to know of."""
        is_party = home_id is not None and await self.is_party(home_id, principal, connection)
        if may(principal, action, Resource(organisation_id, sectors, is_party)):
            return
        if home_id is not None and not is_party and not principal.operates_yui:
            raise NotFound
        raise NotAllowed

    async def is_party(
        self, home_id: str, principal: Principal, connection: Connection | None = None
    ) -> bool:
        """Ask on the caller's own connection where it holds one: a pool can run dry."""
        source = connection or self._pool
        who = home_id, principal.organisation_id

        async def ask() -> bool | None:
            found: bool | None = await source.fetchval(IS_PARTY, *who)
            return found

        return bool(await self._parties.get(who, ask))

    async def homes_of(self, principal: Principal) -> list[str] | None:
        """The homes it may read; None: all."""
        if principal.operates_yui:
            return None
        rows = await self._pool.fetch(HOMES_OF, principal.organisation_id)
        return [row["home_id"] for row in rows]


def _expired(expires_at: datetime | None) -> bool:
    return expires_at is not None and expires_at <= now()
