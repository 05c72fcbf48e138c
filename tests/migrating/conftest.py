"""One database as the previous release has left it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.migrating.previous import Release, previous_release
from tests.support.stack import Stack


@pytest.fixture
async def previous(stack: Stack, tmp_path: Path) -> AsyncIterator[Release]:
    release = Release(previous_release(tmp_path / "previous"), stack)
    await stack.empty_topics()
    migrated = release.migrate()
    assert migrated.returncode == 0, migrated.stderr
    yield release
    stack.stop_services()
    await stack.drop(release.database)
