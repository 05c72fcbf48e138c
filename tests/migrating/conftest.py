"""One database as the previous release has left it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.migrating.previous import Release, previous_release
from tests.support.asking_nobody import AskingNobody
from tests.support.stack import Stack, running_stack


@pytest.fixture(scope="package")
async def stack() -> AsyncIterator[Stack]:
    """Return a stack whose Kafka lets everybody in: the previous release knows no passwords."""
    async with running_stack(kafka=AskingNobody) as running:
        yield running


@pytest.fixture
async def previous(stack: Stack, tmp_path: Path) -> AsyncIterator[Release]:
    release = Release(previous_release(tmp_path / "previous"), stack)
    await stack.empty_topics()
    migrated = release.migrate()
    assert migrated.returncode == 0, migrated.stderr
    yield release
    stack.stop_services()
    await stack.drop(release.database)
