"""The nightly job: when it is due, and what it leaves for whoever looks."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from deploy.reconciling.nightly import next_night, once
from tests.checking.world import World


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        ("2012-03-31T02:59:59+09:00", "2012-03-31T03:00:00+09:00"),
        ("2012-03-31T03:00:00+09:00", "2012-04-01T03:00:00+09:00"),
        ("2012-03-31T17:59:59+00:00", "2012-04-01T03:00:00+09:00"),
        ("2012-03-31T18:00:00+00:00", "2012-04-02T03:00:00+09:00"),
        ("2011-12-31T23:30:00-05:00", "2012-01-02T03:00:00+09:00"),
    ],
)
def test_it_is_due_at_the_next_three_in_the_morning_in_tokyo(moment: str, due: str) -> None:
    assert next_night(datetime.fromisoformat(moment)) == datetime.fromisoformat(due)


async def test_a_night_leaves_its_figures_whole(world: World, tmp_path: Path) -> None:
    url = world.database.url("auditor")
    assert await once(url, world.stack.auditors_bootstrap, tmp_path) == 0
    left = {path.name: path.read_text() for path in _files(tmp_path)}
    assert set(left) == {"reconcile.json", "reconcile.prom"}, "no draft is left"
    assert json.loads(left["reconcile.json"])["differences"] == 0
    assert 'yui_reconcile_differences{kind="lost"} 0.0' in left["reconcile.prom"]


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())
