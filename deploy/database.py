"""The database `yui`: its roles, one schema per service, and who may do what."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from deploy.problem import Problem
from deploy.services import Service
from deploy.state import State

OWNER = "yui_owner"
AUDITOR = "auditor"
NAME = "yui"
SHADOW = "ledger_rebuild"
"""Where a second ledger is rebuilt: what is there is a copy, and may be dropped."""

ROLE = """\
DO $do$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role};
    END IF;
END $do$;
ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE {wall} PASSWORD '{password}';
"""
# Row-level security applies to whoever answers requests, and to the auditor, whom a policy shows
# what it may see. What a service hears and decides concerns every organisation, and PostgreSQL
# lets nobody COPY into a table whose rows it would have to look at.
BEHIND_THE_WALL = "NOBYPASSRLS"
BEFORE_THE_WALL = "BYPASSRLS"
AUDITOR_RIGHTS = """\
GRANT pg_read_all_data TO auditor;
ALTER ROLE auditor SET default_transaction_read_only = on;
"""
DATABASE_RIGHTS = """\
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {roles};
"""
PUBLIC_RIGHTS = """\
REVOKE ALL ON SCHEMA public FROM PUBLIC;
"""
# A process that was paused within a transaction holds its rows: after a minute it loses them, and
# whoever waits goes on. A relay waits at most ten seconds for Kafka in a transaction of its own.
SCHEMA = """\
CREATE SCHEMA IF NOT EXISTS {name} AUTHORIZATION yui_owner;
REVOKE ALL ON SCHEMA {name} FROM PUBLIC;
GRANT USAGE ON SCHEMA {name} TO {name};
ALTER ROLE {name} SET search_path = {name};
ALTER ROLE {name} SET idle_in_transaction_session_timeout = '60s';
GRANT USAGE ON SCHEMA {name} TO {reader};
ALTER ROLE {reader} SET search_path = {name};
ALTER ROLE {reader} SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE {reader} SET default_transaction_read_only = on;
"""
PEOPLE = """\
GRANT USAGE ON SCHEMA {name} TO {people};
ALTER ROLE {people} SET search_path = {name};
ALTER ROLE {people} SET idle_in_transaction_session_timeout = '60s';
"""
# Dropping a table drops its triggers: whatever takes away a guard is refused, whoever asks, be it
# DROP TABLE, DROP SCHEMA, DROP OWNED or DROP FUNCTION ... CASCADE.
GUARD_OF_GUARDS = """\
CREATE OR REPLACE FUNCTION public.refuse_drop() RETURNS event_trigger LANGUAGE plpgsql AS $do$
DECLARE
    dropped record;
BEGIN
    FOR dropped IN
        SELECT address_names FROM pg_event_trigger_dropped_objects()
        WHERE object_type = 'trigger' AND address_names[3] = 'append_only'
        AND address_names[1] <> '{shadow}'
    LOOP
        RAISE EXCEPTION '%.% is append-only', dropped.address_names[1], dropped.address_names[2]
            USING ERRCODE = 'restrict_violation';
    END LOOP;
END $do$;
DO $do$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'append_only') THEN
        CREATE EVENT TRIGGER append_only ON sql_drop EXECUTE FUNCTION public.refuse_drop();
    END IF;
END $do$;
"""
# One at a time: two sessions that alter the same role fail with "tuple concurrently updated".
LOCK = "SELECT pg_advisory_xact_lock(hashtext('yui roles'))"


@dataclass(frozen=True)
class Database:
    """One database on one server, and the passwords of its roles."""

    administrator_url: str
    name: str
    state: State

    def url(self, role: str) -> str:
        """Return the URL with which a role logs in to this database."""
        parts = urlsplit(self.administrator_url)
        address = parts.netloc.rpartition("@")[2]
        password = quote(self.state.secret(f"{role}.password"), safe="")
        netloc = f"{role}:{password}@{address}"
        return urlunsplit((parts.scheme, netloc, f"/{self.name}", parts.query, ""))

    def administrator(self) -> str:
        return urlunsplit(urlsplit(self.administrator_url)._replace(path=f"/{self.name}"))


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Lend one connection; a server that is away, refuses or goes is a problem in one line."""
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise _away(url, f"cannot be used: {error}") from error
    try:
        yield connection
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if not connection.is_closed():
            raise
        raise _away(url, f"went away: {error}") from error
    finally:
        await connection.close()


def _away(url: str, what: str) -> Problem:
    return Problem(
        f"PostgreSQL at {urlsplit(url).netloc.rpartition('@')[2]} {what}",
        "Look at `yui status`, or at YUI_DATABASE_URL if you set it",
    )


async def declare(database: Database, services: Sequence[Service]) -> None:
    """Make the database, roles and schemas that are not there yet, and set every right anew."""
    await create_database(database)
    async with connected(database.administrator()) as connection, connection.transaction():
        await connection.execute(LOCK)
        await connection.execute(_statements(database, services))


def _statements(database: Database, services: Sequence[Service]) -> str:
    return "\n".join(
        [
            *(_role(database, role, BEFORE_THE_WALL) for role in (OWNER, *_names(services))),
            *(
                _role(database, role, BEHIND_THE_WALL)
                for role in (AUDITOR, *_behind_the_wall(services))
            ),
            AUDITOR_RIGHTS,
            DATABASE_RIGHTS.format(database=database.name, roles=_all_roles(services)),
            PUBLIC_RIGHTS,
            GUARD_OF_GUARDS.format(shadow=SHADOW),
            *(SCHEMA.format(name=service.name, reader=service.reader) for service in services),
            *(PEOPLE.format(name=s.name, people=s.people) for s in services if s.people),
        ]
    )


def _role(database: Database, role: str, wall: str) -> str:
    # CREATE ROLE takes no parameters; names come from the registry, passwords are ours and hex.
    password = database.state.secret(f"{role}.password")
    return ROLE.format(role=role, wall=wall, password=password)


def _names(services: Iterable[Service]) -> list[str]:
    return [service.name for service in services]


def _behind_the_wall(services: Iterable[Service]) -> list[str]:
    return [role for service in services for role in service.roles[1:]]


def _all_roles(services: Sequence[Service]) -> str:
    return ", ".join([OWNER, AUDITOR, *_names(services), *_behind_the_wall(services)])


async def create_database(database: Database, template: str | None = None) -> None:
    # template0: nobody can have left anything in it.
    statement = f"CREATE DATABASE {database.name} TEMPLATE {template or 'template0'}"
    async with connected(database.administrator_url) as connection:
        exists = "SELECT true FROM pg_database WHERE datname = $1"
        if not await connection.fetchval(exists, database.name):
            await connection.execute(statement)


async def copy(source: Database, name: str, services: Sequence[Service]) -> Database:
    """Clone a migrated database; its rights are set again, for a clone does not take them."""
    clone = Database(source.administrator_url, name, source.state)
    await create_database(clone, template=source.name)
    rights = DATABASE_RIGHTS.format(database=name, roles=_all_roles(services))
    async with connected(source.administrator_url) as connection:
        await connection.execute(rights)
    return clone
