"""One world for all tests of this folder: eight processes are started once."""

from collections.abc import AsyncIterator

import pytest

from tests.access.world import World, world
from tests.support.stack import Stack


@pytest.fixture(scope="package")
async def peopled(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world(stack, tmp_path_factory.mktemp("issuers")) as made:
        yield made
