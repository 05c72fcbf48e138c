"""A migration gives way to whoever works, is tried again, and clears away what was half-built."""

import asyncio

import asyncpg
import pytest

from deploy.database import OWNER, connected
from tests.migrating.previous import Release
from tests.support.copying import REPOSITORY
from tests.support.eventually import assert_eventually

WAITING = """
SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE NOT granted AND datname = $1 AND relation = 'ledger.head'::regclass
"""
IS_SOUND = """
SELECT indisvalid AND indnatts = 5 FROM pg_index
WHERE indexrelid = 'ledger.entry_of_cell'::regclass
"""

BUILD = "CREATE INDEX CONCURRENTLY built_meanwhile ON ledger.entry (resource)"
LOOKS_ON = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid <> pg_backend_pid()
               AND query LIKE '%FROM pg_stat_progress_create_index%')
"""


async def test_a_step_that_must_wait_gives_way_and_is_tried_again(previous: Release) -> None:
    """Whoever asks for the table behind it would wait as long as the migration does."""
    new = Release(REPOSITORY, previous.stack)
    tries: set[int] = set()
    database = previous.database
    async with connected(database.url("ledger")) as batch, connected(database.url(OWNER)) as eye:
        unfinished = batch.transaction()
        await unfinished.start()
        await batch.execute("SELECT FROM head FOR UPDATE")
        migrating = asyncio.create_task(asyncio.to_thread(new.migrate))

        async def gave_way() -> bool:
            tries.update(row["pid"] for row in await eye.fetch(WAITING, database.name))
            return len(tries) > 1

        await assert_eventually(gave_way, within_seconds=30)
        await unfinished.rollback()
        migrated = await migrating
    assert migrated.returncode == 0, migrated.stderr
    assert "proof_expand" in migrated.stdout


async def test_an_index_whose_building_was_broken_off_is_built_anew(previous: Release) -> None:
    url = previous.database.url(OWNER)
    async with connected(url) as writer, connected(url) as builder:
        unfinished = writer.transaction()
        await unfinished.start()
        await writer.execute("LOCK TABLE ledger.entry IN ROW EXCLUSIVE MODE")
        await builder.execute("SET lock_timeout = '100ms'")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await builder.execute(
                "CREATE INDEX CONCURRENTLY entry_of_cell ON ledger.entry (home_id)"
            )
        await unfinished.rollback()
        assert await builder.fetchval(IS_SOUND) is False
        migrated = Release(REPOSITORY, previous.stack).migrate()
        assert migrated.returncode == 0, migrated.stderr
        assert await builder.fetchval(IS_SOUND) is True


async def test_an_index_that_is_being_built_is_waited_for(previous: Release) -> None:
    """Whoever is killed while it migrates leaves a dbmate that goes on without it."""
    url = previous.database.url(OWNER)
    async with connected(url) as writer, connected(url) as builder, connected(url) as eye:
        unfinished = writer.transaction()
        await unfinished.start()
        await writer.execute("LOCK TABLE ledger.entry IN ROW EXCLUSIVE MODE")
        building = asyncio.create_task(builder.execute(BUILD))
        new = Release(REPOSITORY, previous.stack)
        migrating = asyncio.create_task(asyncio.to_thread(new.migrate))

        async def looks_on() -> bool:
            return bool(await eye.fetchval(LOOKS_ON))

        await assert_eventually(looks_on, within_seconds=30)
        await unfinished.rollback()
        await building
        migrated = await migrating
        assert migrated.returncode == 0, migrated.stderr
        assert await eye.fetchval("SELECT to_regclass('ledger.built_meanwhile')") is not None
