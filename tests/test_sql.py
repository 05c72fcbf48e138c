"""Every SQL statement of every module is one that the database allows to its service."""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Final

import asyncpg
import pytest

import services
import shared
from deploy.database import connected
from deploy.services import present
from shared.contracts.registry import PARTNERS
from shared.people import keeping as people
from shared.schema import KEEP_PEOPLE
from tests.support.stack import MakeDatabase

VERBS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "MERGE", "TRUNCATE", "LOCK")
SQL: Final = re.compile(
    r"\s*(--.*\n\s*)*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|WITH \w+ AS|TRUNCATE)\b"
)
SERVICES: Final = [service.name for service in present()]
ONLY_PARTNERS: Final = "shared.commitments"
OF_PEOPLE: Final = "shared.people"
"""Run by a role of its own."""


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def statements(service: str) -> dict[str, str]:
    """Return what a service may run, by module and constant: its own, and what it shares."""
    return {
        f"{module.__name__}.{name}": value
        for module in (*modules(shared), *modules(services))
        if _is_run_by(service, module.__name__)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str) and _is_statement(value)
    }


def _is_run_by(service: str, module: str) -> bool:
    if module.startswith(ONLY_PARTNERS):
        return service in PARTNERS
    return module.startswith(("shared.", f"services.{service}.")) and not module.startswith(
        OF_PEOPLE
    )


def _is_statement(text: str) -> bool:
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("--")]
    return bool(lines) and lines[0].strip().upper().startswith(VERBS)


async def faults(url: str, found: dict[str, str]) -> Sequence[str]:
    said = []
    async with connected(url) as connection:
        for name, statement in found.items():
            try:
                await connection.prepare(statement)
                # Preparing looks at names and types; rights are asked where a plan begins to run.
                await connection.execute(f"EXPLAIN (GENERIC_PLAN) {statement}")
            except asyncpg.PostgresError as error:
                said.append(f"{name}: {type(error).__name__}: {error}")
    return said


def unnamed(source: str) -> list[str]:
    """Return the statements in a module's text that are not constants of the module."""
    tree = ast.parse(source)
    constants = (node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign))
    named = {id(part) for constant in constants for part in ast.walk(constant)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in named
        and SQL.match(node.value)
    ]


def test_every_statement_has_a_name_under_which_it_is_tried_here() -> None:
    for module in (*modules(shared), *modules(services)):
        assert unnamed(inspect.getsource(module)) == [], module.__name__
    assert unnamed("def forget(pool):\n    pool.execute('DELETE FROM event')") != []


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_may_run_each_of_its_statements(
    service: str, database: MakeDatabase
) -> None:
    found = statements(service)
    assert found
    assert await faults((await database(*SERVICES)).url(service), found) == []


@pytest.mark.parametrize("service", KEEP_PEOPLE)
async def test_whoever_keeps_people_may_run_each_of_its_statements(
    service: str, database: MakeDatabase
) -> None:
    found = {
        name: value
        for name, value in vars(people).items()
        if name.isupper() and isinstance(value, str) and _is_statement(value)
    }
    assert found
    assert await faults((await database(*SERVICES)).url(f"{service}_people"), found) == []


async def test_a_statement_that_is_wrong_or_not_allowed_is_found(database: MakeDatabase) -> None:
    planted = {
        "no such column": "SELECT colour FROM event",
        "no such type": "SELECT $1::colour",
        "not allowed here": "-- Forgets.\nDELETE FROM event WHERE position = $1",
        "not allowed there": "SELECT position FROM ledger.event",
        "sound": "SELECT body FROM event WHERE position = $1",
    }
    assert all(map(_is_statement, planted.values()))
    said = await faults((await database(*SERVICES)).url("rent_sponsorship"), planted)
    assert [line.partition(":")[0] for line in said] == list(planted)[:-1]
