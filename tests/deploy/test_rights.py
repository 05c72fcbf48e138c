"""Who may log in and what each role may touch: scram everywhere, one schema per service."""

from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from deploy.database import Database, connected
from tests.support.stack import MakeDatabase


async def denied(url: str, statement: str) -> bool:
    async with connected(url) as connection:
        try:
            await connection.execute(statement)
        except (
            asyncpg.InsufficientPrivilegeError,
            asyncpg.ReadOnlySQLTransactionError,
        ):
            return True
    return False


@pytest.fixture
async def two(database: MakeDatabase) -> Database:
    return await database("ledger", "rent_sponsorship")


async def test_a_wrong_password_is_refused(two: Database) -> None:
    for role in ("ledger", "auditor", "yui_owner", "postgres"):
        parts = urlsplit(two.url(role))
        wrong = parts._replace(netloc=parts.netloc.replace(parts.password or "", "wrong"))
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(urlunsplit(wrong))


async def test_every_password_is_kept_as_scram(two: Database) -> None:
    async with connected(two.administrator()) as connection:
        kept = await connection.fetch("SELECT rolpassword FROM pg_authid WHERE rolcanlogin")
    assert kept
    assert all(row["rolpassword"].startswith("SCRAM-SHA-256$") for row in kept)


async def test_a_service_reads_its_own_schema_and_no_other(two: Database) -> None:
    assert not await denied(two.url("ledger"), "SELECT FROM event")
    assert await denied(two.url("ledger"), "SELECT FROM rent_sponsorship.event")
    assert await denied(two.url("rent_sponsorship"), "SELECT FROM ledger.event")


async def test_a_service_alters_no_table_and_no_past(two: Database) -> None:
    for statement in (
        "CREATE TABLE mine ()",
        "CREATE TABLE public.mine ()",
        "DROP TABLE event",
        "DELETE FROM event",
        "UPDATE event SET key = 'other'",
        "TRUNCATE event",
    ):
        assert await denied(two.url("ledger"), statement), statement


async def test_the_auditor_reads_all_and_writes_nothing(two: Database) -> None:
    insist = "SET default_transaction_read_only = off"
    for event, outbox in (
        ("SELECT FROM ledger.event", "DELETE FROM ledger.outbox"),
        ("SELECT FROM rent_sponsorship.event", "DELETE FROM rent_sponsorship.outbox"),
    ):
        assert not await denied(two.url("auditor"), event)
        assert await denied(two.url("auditor"), outbox)
        assert await denied(two.url("auditor"), f"{insist}; {outbox}")


async def test_the_owner_of_one_database_of_tests_has_no_say_elsewhere(two: Database) -> None:
    assert await denied(two.url("yui_owner"), "CREATE ROLE another")
    assert await denied(two.url("yui_owner"), "CREATE SCHEMA another")
