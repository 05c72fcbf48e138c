"""The documents of all eight services, as each serves its own."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import httpx2
import pytest

from deploy.services import SERVICES
from tests.support.stack import Stack


@pytest.fixture(scope="package")
async def urls(stack: Stack) -> AsyncIterator[Mapping[str, str]]:
    """Where each service answers."""
    names = [service.name for service in SERVICES]
    database = await stack.database(*names)
    started = [stack.process(name, database) for name in names]
    for process in started:
        process.launch()
    await asyncio.gather(*(process.ready(90) for process in started))
    yield {process.service.name: process.url for process in started}
    for process in started:
        process.kill()
    await stack.drop(database)


@pytest.fixture(scope="package")
async def documents(urls: Mapping[str, str]) -> Mapping[str, dict[str, object]]:
    async with httpx2.AsyncClient() as client:
        return {
            name: (await client.get(f"{url}/openapi.json")).json() for name, url in urls.items()
        }
