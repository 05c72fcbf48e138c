"""What a service knows of organisations, keys and homes, from the events of the register."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from asyncpg import Record

from shared.access.keys import ApiKey, parse_key
from shared.access.naming import Naming
from shared.access.policy import (
    OF_YUI,
    Action,
    Principal,
    Resource,
    is_role,
    knows,
    may,
    within_scopes,
)
from shared.access.recent import Recent
from shared.access.tokens import Claimed, Tokens
from shared.access.uses import Uses
from shared.clock import now
from shared.consuming.applying import Reaction
from shared.contracts.event import Event
from shared.contracts.organisations import (
    KeyGranted,
    KeyIssued,
    KeyRevoked,
    KeySuperseded,
    NamingAgreed,
    NamingWithdrawn,
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
SELECT key.secret_sha256, key.expires_at, organisation_id, sectors, operates_yui,
       role, scopes, home_id
FROM api_key key JOIN organisation USING (organisation_id)
WHERE key_id = $1 AND NOT revoked
"""

REGISTERED: Final = """
-- An organisation that takes part.
SELECT organisation_id, sectors, operates_yui FROM organisation WHERE organisation_id = $1
"""

IS_PARTY: Final = """
-- Whether an organisation is party to a home.
SELECT true FROM party WHERE home_id = $1 AND organisation_id = $2 LIMIT 1
"""

HOMES_OF: Final = """
-- The homes that an organisation is party to.
SELECT DISTINCT home_id FROM party WHERE organisation_id = $1 ORDER BY home_id
"""

NAMED: Final = """
-- All organisations, with whether each has agreed to be named to others.
SELECT organisation_id, sectors, named FROM organisation
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
INSERT INTO api_key (key_id, organisation_id, secret_sha256, expires_at, role, scopes, home_id)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (key_id) DO NOTHING
"""

END_KEY: Final = "UPDATE api_key SET expires_at = $2 WHERE key_id = $1"

REVOKE_KEY: Final = "UPDATE api_key SET revoked = true WHERE key_id = $1"

PUT_NAMED: Final = "UPDATE organisation SET named = $2 WHERE organisation_id = $1"

PUT_PARTY: Final = "INSERT INTO party VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"

REMOVE_PARTY: Final = """
-- An organisation is party to a home no longer, in a sector.
DELETE FROM party WHERE home_id = $1 AND organisation_id = $2 AND sector = $3
"""


EVENTS: Final = (
    OrganisationRegistered,
    SectorsChanged,
    KeyIssued,
    KeyGranted,
    KeySuperseded,
    KeyRevoked,
    NamingAgreed,
    NamingWithdrawn,
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
            await _put_key(connection, event)
        case KeyGranted():
            await _put_key(connection, event, event.role, event.scopes, event.home_id)
        case KeySuperseded():
            await connection.execute(END_KEY, event.key_id, event.expires_at)
        case KeyRevoked():
            await connection.execute(REVOKE_KEY, event.key_id)
        case NamingAgreed() | NamingWithdrawn():
            agreed = isinstance(event, NamingAgreed)
            await connection.execute(PUT_NAMED, event.organisation_id, agreed)
        case PartyJoined():
            await connection.execute(PUT_PARTY, event.home_id, event.organisation_id, event.sector)
        case PartyLeft():
            await connection.execute(
                REMOVE_PARTY, event.home_id, event.organisation_id, event.sector
            )
        case _:
            pass


async def _put_key(
    connection: Connection,
    key: KeyIssued | KeyGranted,
    role: str | None = None,
    scopes: Sequence[str] | None = None,
    home_id: str | None = None,
) -> None:
    secret, limits = bytes.fromhex(key.secret_sha256), (role, scopes, home_id)
    await connection.execute(
        PUT_KEY, key.key_id, key.organisation_id, secret, key.expires_at, *limits
    )


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

    def __init__(self, pool: Pool, tokens: Tokens | None = None) -> None:
        self._pool = pool
        self._tokens = tokens or Tokens()
        self.uses = Uses(pool)
        self._holders: Recent[str, _Holder] = Recent()
        self._parties: Recent[tuple[str, str], bool] = Recent()
        self._registered: Recent[str, Record] = Recent()
        self._named: Recent[str, Naming] = Recent()

    def heard(self, type_names: Iterable[str]) -> None:
        """Say of which types the events are that have been applied, or saved, here."""
        if not TYPE_NAMES.isdisjoint(type_names):
            for known in (self._holders, self._parties, self._registered, self._named):
                known.forget()

    async def admit(self, credentials: str) -> Principal | None:
        """Return who shows this key, or token; none: it opens nothing, or no longer."""
        key = parse_key(credentials)
        if key is not None:
            return await self.principal(key)
        claimed = await self._tokens.read(credentials)
        return None if claimed is None else await self._bearer(claimed)

    async def _bearer(self, claimed: Claimed) -> Principal | None:
        who = claimed.organisation_id
        found = await self._registered.get(who, lambda: self._pool.fetchrow(REGISTERED, who))
        return None if found is None else _principal({**found, **asdict(claimed)})

    async def principal(self, key: ApiKey) -> Principal | None:
        holder = await self._holders.get(key.key_id, lambda: self._holder(key.key_id))
        if holder is None or not key.matches(holder.secret_sha256) or _expired(holder.expires_at):
            return None
        self.uses.note(key.key_id)
        return holder.principal

    async def _holder(self, key_id: str) -> _Holder | None:
        row = await self._pool.fetchrow(PRINCIPAL, key_id)
        principal = None if row is None else _principal(row)
        if row is None or principal is None:
            return None
        return _Holder(principal, row["secret_sha256"], row["expires_at"])

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
        """Raise `NotAllowed`, or `NotFound` where what it is about is not theirs to know of."""
        is_party = home_id is not None and await self.is_party(home_id, principal, connection)
        resource = Resource(organisation_id, sectors, home_id, is_party)
        if not may(principal, action, resource):
            raise NotAllowed if knows(principal, resource) else NotFound

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
        if not within_scopes(principal, "read_home"):
            raise NotAllowed
        if principal.reads_everything:
            return None
        rows = await self._pool.fetch(HOMES_OF, principal.organisation_id)
        found = (
            (row["home_id"], Resource(None, home_id=row["home_id"], is_party=True)) for row in rows
        )
        return [home_id for home_id, home in found if may(principal, "read_home", home)]

    async def naming(self, principal: Principal) -> Naming | None:
        """How it is told whose something is; None: by name, whosever it is."""
        if principal.reads_everything:
            return None
        strangers = await self._named.get("all", self._naming_of_strangers)
        assert strangers is not None  # noqa: S101  it is found whoever is registered
        return Naming(strangers.named | {principal.organisation_id}, strangers.sectors)

    async def _naming_of_strangers(self) -> Naming:
        """What whoever has no part here is told: the same for all, and worked out once."""
        rows = await self._pool.fetch(NAMED)
        return Naming(
            named=frozenset(row["organisation_id"] for row in rows if row["named"]),
            sectors={row["organisation_id"]: "+".join(row["sectors"]) for row in rows},
        )


def _principal(row: Mapping[str, Any] | Record) -> Principal | None:
    """None: a role that is not known here, or that its organisation cannot give."""
    role = row["role"] or ("operator" if row["operates_yui"] else "administrator")
    if not is_role(role) or (role in OF_YUI) != row["operates_yui"]:
        return None
    scopes = None if row["scopes"] is None else frozenset(row["scopes"])
    sectors = frozenset(row["sectors"])
    return Principal(row["organisation_id"], sectors, role, scopes, row["home_id"])


def _expired(expires_at: datetime | None) -> bool:
    return expires_at is not None and expires_at <= now()
