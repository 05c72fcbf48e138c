"""Both stories, told once; then processes that answer, with one wall or with two."""

from collections.abc import AsyncIterator, Mapping

import pytest

from deploy.services import SERVICES
from tests.support.stack import Stack
from tests.walls.sabotage import Sabotaged
from tests.walls.world import World, tell_both_stories

TOLD_FOR = {"YUI_EVENTLOG_TAIL_S_MAX": "1"}
"""A tail that ends, so that all of it can be read."""


@pytest.fixture(scope="session")
async def world(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    await stack.empty_topics()
    database = await stack.database(*(service.name for service in SERVICES))
    yield await tell_both_stories(stack, database, tmp_path_factory.mktemp("keys"))
    await stack.drop(database)


@pytest.fixture(scope="session", params=["both walls", "the second wall alone"])
async def addresses(
    world: World, stack: Stack, request: pytest.FixtureRequest
) -> AsyncIterator[Mapping[str, str]]:
    running = [stack.process(service.name, world.database, **TOLD_FOR) for service in SERVICES]
    for process in running:
        if request.param != "both walls":
            process.service = Sabotaged(process.service.name, process.service.number)
        process.launch()
    for process in running:
        await process.ready(within_seconds=60)
    yield {process.service.name: process.url for process in running}
    for process in running:
        process.kill()
