"""`yui ledger`, as an operator gives it."""

from collections.abc import AsyncIterator

import pytest

from deploy.database import connected
from shared.ids import new_opaque_id
from tests.ledger.test_books import needed
from tests.migrating.previous import Release
from tests.support.copying import REPOSITORY
from tests.support.eventually import assert_eventually
from tests.support.publishing import Publisher
from tests.support.stack import Stack


@pytest.fixture
async def here(stack: Stack) -> AsyncIterator[Release]:
    """The release at hand, with two links on its books."""
    release = Release(REPOSITORY, stack)
    await stack.empty_topics()
    migrated = release.yui("migrate")
    assert migrated.returncode == 0, migrated.stderr
    await stack.start("ledger", release.database)
    async with Publisher(stack.kafka_bootstrap) as publisher:
        await publisher.publish(*needed(new_opaque_id(), 5, 6))

    async def booked() -> bool:
        async with connected(release.database.url("auditor")) as connection:
            return bool(await connection.fetchval("SELECT count(*) FROM ledger.link") == 2)

    await assert_eventually(booked, within_seconds=60)
    yield release
    stack.stop_services()
    await stack.drop(release.database)


async def test_an_operator_rebuilds_looks_finds_a_difference_and_forgets(here: Release) -> None:
    found = here.yui("ledger", "status")
    assert "1 homes, 2 links, 1 cells, 1 shortfalls" in found.stdout, found.stderr
    assert "second ledger: none" in found.stdout

    rebuilt = here.yui("ledger", "rebuild", "--keep", "--workers", "1")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    assert "2 of 2 records" in rebuilt.stdout
    assert "0 differences" in rebuilt.stdout
    found = here.yui("ledger", "status")
    assert "with 0 differences, and kept" in found.stdout

    async with connected(here.database.administrator()) as administrator:
        await administrator.execute(
            "UPDATE ledger.cell SET open = 12, required = 12, announced = 12"
        )
    rebuilt = here.yui("ledger", "rebuild")
    assert rebuilt.returncode == 1
    assert "1 of cell, the first: " in rebuilt.stdout
    assert "the ledger has  required 12, open 12" in rebuilt.stdout
    assert "rebuilt it has  required 11, open 11" in rebuilt.stdout
    assert "kept in the schema ledger_rebuild" in rebuilt.stdout

    assert here.yui("ledger", "forget").returncode == 0
    assert "second ledger: none" in here.yui("ledger", "status").stdout
