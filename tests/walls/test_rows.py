"""Which rows the roles that answer requests see: their caller's, and without a caller none."""

from typing import Final

import asyncpg
import pytest

from deploy.database import Database, connected
from deploy.services import SERVICES
from shared.access.policy import Principal
from shared.contracts.registry import PARTNERS
from shared.postgres import connect_pool
from shared.wall import Wall
from tests.support.stack import MakeDatabase

NAMES_SOMEBODY: Final = """
-- Tables with a column that says whose a row is, or of which home.
SELECT DISTINCT table_schema || '.' || table_name AS name FROM information_schema.columns
WHERE table_schema = ANY($1)
AND column_name IN ('home_id', 'organisation_id', 'organisations', 'key')
"""
WALLED: Final = """
-- Tables behind the wall, whoever owns them.
SELECT oid::regclass::text AS name FROM pg_class
WHERE relnamespace = ANY($1::text[]::regnamespace[]) AND relrowsecurity AND relforcerowsecurity
"""
READ: Final = """
-- The tables that a role may read.
SELECT schemaname || '.' || tablename AS name FROM pg_tables
WHERE schemaname = ANY($1)
AND has_table_privilege($2, schemaname || '.' || tablename, 'SELECT')
"""
WRITTEN: Final = """
-- The tables in which a role may change something.
SELECT schemaname || '.' || tablename AS name FROM pg_tables
WHERE schemaname = ANY($1) AND has_table_privilege(
    $2, schemaname || '.' || tablename, 'INSERT, UPDATE, DELETE, TRUNCATE')
"""
BYPASSING: Final = "SELECT rolname FROM pg_roles WHERE rolbypassrls AND NOT rolsuper"
SCHEMAS: Final = [service.name for service in SERVICES]

OPEN: Final = frozenset(
    {
        *(f"{service}.{table}" for service in SCHEMAS for table in ("business_date", "key_use")),
        # Found by deliveries that are seen: they name neither a home nor an organisation.
        *(f"{service}.{table}" for service in PARTNERS for table in ("receipt", "dispute")),
        # Ids of events and what became of them.
        *("ledger.outcome", "ledger.unmoved"),
    }
)
"""What whoever answers may read of, all of it, whoever asks."""


@pytest.fixture
async def all_of_them(database: MakeDatabase) -> Database:
    return await database(*SCHEMAS)


async def names(database: Database, query: str, *arguments: object) -> set[str]:
    async with connected(database.administrator()) as connection:
        return {row[0] for row in await connection.fetch(query, *arguments)}


async def test_whatever_says_whose_it_is_stands_behind_the_wall(all_of_them: Database) -> None:
    assert await names(all_of_them, NAMES_SOMEBODY, SCHEMAS) <= await names(
        all_of_them, WALLED, SCHEMAS
    )


async def test_whoever_answers_reads_what_is_walled_or_said_to_be_open_and_writes_nothing(
    all_of_them: Database,
) -> None:
    walled = await names(all_of_them, WALLED, SCHEMAS)
    for service in SERVICES:
        read = await names(all_of_them, READ, SCHEMAS, service.reader)
        assert read
        assert {name.partition(".")[0] for name in read} == {service.name}
        assert read - walled <= OPEN
        assert await names(all_of_them, WRITTEN, SCHEMAS, service.reader) == set()
    assert not {service.reader for service in SERVICES} & await names(all_of_them, BYPASSING)


async def test_a_caller_sees_its_own_rows_and_its_homes_until_it_is_answered(
    all_of_them: Database,
) -> None:
    async with connected(all_of_them.url("ledger")) as ledger:
        await ledger.execute(
            """
            INSERT INTO party VALUES ('h', 'o', 'company'), ('elsewhere', 'another', 'company');
            INSERT INTO seal (home_id, month, links, link_hash, hash)
            VALUES ('h', '2011-08', 1, '', ''), ('elsewhere', '2011-08', 1, '', '');
            INSERT INTO contributor VALUES ('o', 'left'), ('another', 'left')
            """
        )
    seen = """
    SELECT home_id FROM seal UNION ALL SELECT organisation_id FROM contributor
    UNION ALL SELECT organisation_id FROM party ORDER BY 1
    """
    pool = await connect_pool(all_of_them.url("ledger_reader"), size_max=2)
    try:
        wall = Wall(pool)

        async def rows(principal: Principal) -> list[str]:
            return [row[0] for row in await wall.fetch(principal, seen)]

        assert await rows(Principal("o")) == ["h", "o", "o"]
        caregiver = Principal("o", role="caregiver", home_id="another-home")
        assert await rows(caregiver) == ["o", "o"], "it sees no home but its own"
        assert await rows(Principal("another")) == ["another", "another", "elsewhere"]
        assert await rows(Principal("nobody'; SET yui.reads_all = 'on")) == []
        assert len(await rows(Principal("whoever", role="auditor"))) == 6
        assert await pool.fetch(seen) == [], "who it was is forgotten with the answer"
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await wall.fetch(Principal("o"), "CREATE TEMPORARY TABLE mine ()")
    finally:
        await pool.close()
