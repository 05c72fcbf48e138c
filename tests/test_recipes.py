"""CONTRIBUTING's recipes, each followed to the letter in a copy of the repository."""

import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.support.copying import REPOSITORY, copy_repository
from tests.support.recipes import python, read_recipes

RECIPES: Final = read_recipes(REPOSITORY / "CONTRIBUTING.md")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    root = copy_repository(tmp_path)
    (root / ".venv").symlink_to(Path(sys.prefix))
    # Types that are known already need not be worked out again; somebody may be at it now.
    with suppress(shutil.Error, FileNotFoundError):
        shutil.copytree(REPOSITORY / ".mypy_cache", root / ".mypy_cache")
    return root


def test_an_event_is_added_and_then_the_command_that_decides_it(copy: Path) -> None:
    RECIPES["Add an event"].follow(copy)
    RECIPES["Add a command"].follow(copy)


def test_a_service_is_added(copy: Path) -> None:
    RECIPES["Add a service"].follow(copy)
    assert python(copy, SHOW_SERVICE).split() == [
        *("goods", "yui.goods.v1", "shared/commitments/migrations", "True", "9"),
        *("/v1/goods-pledges", "/v1/goods-pledges/{pledge_id}/handovers", "kilograms"),
    ]


def test_no_recipe_goes_unfollowed() -> None:
    assert list(RECIPES) == ["Add an event", "Add a command", "Add a service"]
    for recipe in RECIPES.values():
        assert recipe.edits
        assert any(command.startswith("make") for command in recipe.commands)
        assert any(command.startswith(".venv/bin/pytest") for command in recipe.commands)


# What the process would be made of, without the servers that it needs.
SHOW_SERVICE: Final = """
from fastapi import FastAPI

from deploy.services import BY_NAME
from services.goods.api import create_router
from services.goods.app import Settings, run
from shared.commitments.desk import Desk
from shared.contracts.registry import EVENTS_BY_TOPIC, HEARD
from shared.schema import ROOT, migrations_of

goods = BY_NAME["goods"]
app = FastAPI()
app.include_router(create_router(Desk.__new__(Desk)))
described = app.openapi()
(topic,) = (topic for topic in EVENTS_BY_TOPIC if topic == goods.topic)
handovers = "/v1/goods-pledges/{pledge_id}/handovers"
(partner,) = (f for f in migrations_of("goods") if "commitments" in f.parts)
print(goods.name if goods.exists() else None, topic, partner.relative_to(ROOT))
print(topic in HEARD["ledger"], goods.number)
print(*(path for path in described["paths"] if path in {"/v1/goods-pledges", handovers}))
print(*(field for field in described["components"]["schemas"]["HandoverBody"]["properties"]
        if field == "kilograms"))
"""
