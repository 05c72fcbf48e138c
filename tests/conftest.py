"""Fixtures of the whole suite: one Kafka and one PostgreSQL per run, databases per test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from deploy.database import Database
from tests.support.stack import MakeDatabase, Stack, running_stack

# How long an example takes tells of the machine, not of the rule.
settings.register_profile("yui", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("yui")


TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A folder's tests stay together: where several processes share the work, each has a stack."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        item.add_marker(pytest.mark.xdist_group(folder))


@pytest.fixture(scope="session")
async def stack() -> AsyncIterator[Stack]:
    async with running_stack() as running:
        yield running


@pytest.fixture
async def database(stack: Stack) -> AsyncIterator[MakeDatabase]:
    """Return a factory of migrated databases; services and databases end with the test."""
    made: list[Database] = []

    async def make(*services: str) -> Database:
        made.append(await stack.database(*services))
        return made[-1]

    yield make
    stack.stop_services()
    for one in made:
        await stack.drop(one)
