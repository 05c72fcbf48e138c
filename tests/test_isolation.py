"""Who may touch which table: each service its own, nobody the past, the auditor by eye alone."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from deploy.database import AUDITOR, OWNER, SHADOW, Database, connected
from deploy.services import present
from tests.support.stack import MakeDatabase

SERVICES: Final = [service.name for service in present()]
ROLES: Final = [*SERVICES, AUDITOR, OWNER]
CHANGES: Final = (
    "INSERT INTO {table} DEFAULT VALUES",
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "TRUNCATE {table} CASCADE",
)
DENIED: Final = (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)
NOT_LET_IN: Final = (
    asyncpg.InvalidPasswordError,
    asyncpg.InvalidAuthorizationSpecificationError,
)

TABLES: Final = """
-- Every table of every service, with one of its columns.
SELECT DISTINCT ON (table_schema, table_name) table_schema AS schema, table_name AS name,
       quote_ident(column_name) AS column
FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema = ANY($1) AND table_type = 'BASE TABLE' AND is_identity = 'NO'
ORDER BY table_schema, table_name, ordinal_position
"""

GUARDED: Final = """
-- The tables whose change a trigger refuses.
SELECT tgrelid::regclass::text AS name FROM pg_trigger
JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE tgname = 'append_only' AND tgenabled = 'O' AND nspname = ANY($1) ORDER BY 1
"""

APPENDED: Final = """
-- The tables to which their service, or its role for people, may add, and change nothing in.
SELECT schemaname || '.' || tablename AS name FROM pg_tables
JOIN pg_roles ON rolname IN (schemaname, schemaname || '_people')
WHERE schemaname = ANY($1)
AND has_table_privilege(rolname, schemaname || '.' || tablename, 'INSERT')
AND NOT has_table_privilege(rolname, schemaname || '.' || tablename, 'UPDATE')
AND NOT has_table_privilege(rolname, schemaname || '.' || tablename, 'DELETE')
ORDER BY 1
"""
KEPT_BY_RIGHTS_ALONE: Final = frozenset(f"{service}.request" for service in SERVICES)
"""Answers to repeated requests: no log of what happened, and one day they may be forgotten."""


@pytest.fixture
async def all_of_them(database: MakeDatabase) -> Database:
    return await database(*SERVICES)


async def tables(database: Database) -> dict[str, dict[str, str]]:
    """Return each schema's tables, and a column of each."""
    async with connected(database.administrator()) as connection:
        rows = await connection.fetch(TABLES, SERVICES)
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        found[row["schema"]][row["name"]] = row["column"]
    return found


async def allowed(url: str, statements: Iterable[str]) -> list[str]:
    """Return those of some statements that are not denied; each is undone at once."""
    found = []
    async with connected(url) as connection:
        for statement in statements:
            attempt = connection.transaction()
            await attempt.start()
            try:
                await connection.execute(statement)
                found.append(statement)
            except DENIED:
                pass
            except asyncpg.PostgresError as error:
                found.append(f"{statement}: {error}")
            finally:
                await attempt.rollback()
    return found


def changes(schema: str, columns: dict[str, str]) -> list[str]:
    return [
        change.format(table=f"{schema}.{table}", column=column)
        for table, column in columns.items()
        for change in CHANGES
    ]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_neither_reads_nor_writes_what_is_anothers(
    service: str, all_of_them: Database
) -> None:
    found = await tables(all_of_them)
    assert set(found) == set(SERVICES)
    others = {schema: columns for schema, columns in found.items() if schema != service}
    statements = [
        *(f"SELECT FROM {schema}.{table}" for schema in others for table in others[schema]),
        *(change for schema, columns in others.items() for change in changes(schema, columns)),
        *(f"SET ROLE {role}" for role in ROLES if role != service),
        *(f"CREATE TABLE {schema}.mine ()" for schema in (*found, "public")),
        *(f"ALTER TABLE {service}.{table} DISABLE TRIGGER ALL" for table in found[service]),
    ]
    assert await allowed(all_of_them.url(service), statements) == []
    own = f"SELECT FROM {service}.event"
    assert await allowed(all_of_them.url(service), [own]) == [own]


async def test_what_is_only_added_to_is_guarded_against_every_change(
    all_of_them: Database,
) -> None:
    async with connected(all_of_them.administrator()) as connection:
        guarded = {row["name"] for row in await connection.fetch(GUARDED, SERVICES)}
        appended = {row["name"] for row in await connection.fetch(APPENDED, SERVICES)}
    assert appended - KEPT_BY_RIGHTS_ALONE == guarded
    for service in SERVICES:
        assert {f"{service}.{log}" for log in ("event", "outcome", "parked_action")} <= guarded
    assert {"ledger.link", "ledger.entry", "eventlog.logged_event"} <= guarded


async def test_not_even_the_owner_of_the_tables_changes_the_past(all_of_them: Database) -> None:
    columns = await tables(all_of_them)
    async with connected(all_of_them.administrator()) as connection:
        guarded = [row["name"] for row in await connection.fetch(GUARDED, SERVICES)]
    for role in (all_of_them.url(OWNER), all_of_them.administrator()):
        async with connected(role) as connection:
            for name in guarded:
                schema, _, table = name.partition(".")
                for change in CHANGES[1:]:
                    statement = change.format(table=name, column=columns[schema][table])
                    with pytest.raises(asyncpg.RestrictViolationError):
                        await connection.execute(statement)


REFUSED: Final = (asyncpg.RestrictViolationError, asyncpg.DependentObjectsStillExistError)
DROPS: Final = (
    "DROP TABLE {table}",
    "DROP TABLE {table} CASCADE",
    "DROP TRIGGER append_only ON {table}",
    "DROP SCHEMA {schema} CASCADE",
    "DROP FUNCTION {schema}.refuse_change CASCADE",
    "DROP OWNED BY yui_owner CASCADE",
)


@pytest.mark.parametrize("role", [*ROLES, None], ids=[*ROLES, "administrator"])
async def test_no_role_drops_what_is_only_added_to(
    role: str | None, all_of_them: Database
) -> None:
    async with connected(all_of_them.administrator()) as connection:
        guarded = [row["name"] for row in await connection.fetch(GUARDED, SERVICES)]
    url = all_of_them.url(role) if role else all_of_them.administrator()
    drops = [drop.format(table=t, schema=t.partition(".")[0]) for t in guarded for drop in DROPS]
    async with connected(url) as connection:
        for statement in dict.fromkeys(drops):
            with pytest.raises((*DENIED, *REFUSED)):
                await connection.execute(statement)


async def test_what_is_a_copy_or_holds_no_history_may_be_dropped(all_of_them: Database) -> None:
    async with connected(all_of_them.url(OWNER)) as connection:
        await connection.execute("DROP TABLE ledger.double_funding")
    async with connected(all_of_them.administrator()) as connection:
        await connection.execute(
            f"""CREATE SCHEMA {SHADOW} AUTHORIZATION {OWNER}
            CREATE TABLE {SHADOW}.entry ();
            CREATE TRIGGER append_only BEFORE DELETE ON {SHADOW}.entry
                FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()"""
        )
        await connection.execute(f"DROP SCHEMA {SHADOW} CASCADE")


async def test_the_auditor_reads_every_table_and_changes_none(all_of_them: Database) -> None:
    found = await tables(all_of_them)
    url = all_of_them.url(AUDITOR)
    reads = [f"SELECT FROM {schema}.{table}" for schema in found for table in found[schema]]
    assert await allowed(url, reads) == reads
    writes = [one for schema, columns in found.items() for one in changes(schema, columns)]
    assert await allowed(url, writes) == []
    insist = [f"SET TRANSACTION READ WRITE; {write}" for write in writes]
    assert await allowed(url, insist) == []


@pytest.mark.parametrize("role", ROLES)
async def test_a_wrong_or_missing_password_opens_nothing(role: str, all_of_them: Database) -> None:
    parts = urlsplit(all_of_them.url(role))
    for password in ("wrong", role, ""):
        netloc = parts.netloc.replace(f":{parts.password}@", f":{password}@")
        with pytest.raises(NOT_LET_IN):
            await asyncpg.connect(urlunsplit(parts._replace(netloc=netloc)))
