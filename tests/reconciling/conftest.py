"""One story for all tests of reconciliation; each plants its damage in a copy."""

from collections.abc import AsyncIterator

import pytest

from tests.checking.world import World, told
from tests.support.stack import Stack


@pytest.fixture(scope="package")
async def world(stack: Stack) -> AsyncIterator[World]:
    told_world = await told(stack)
    yield told_world
    stack.stop_services()
    await stack.drop(told_world.database)
