"""What a migration may do while others work: docs/migrations.md, held by squawk."""

import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.migrating.files import in_transaction, new_files

BOUNDED: Final = "require-statement-timeout"
"""What takes long waits for no lock: that is bounded, and `yui migrate` tries again."""
SMALL: Final = ("prefer-bigint-over-int", "prefer-bigint-over-smallint")
"""An episode, a partition, a position stays small; no lock depends on it."""
ON_ITS_OWN: Final = ("prefer-robust-stmts", "require-lock-timeout")
"""Outside a transaction stands one statement that nobody waits for; a half-built index goes."""


def objections(path: Path) -> str:
    """What squawk says against a migration; nothing where it says nothing."""
    within = in_transaction(path)
    excluded = (BOUNDED, *SMALL, *(() if within else ON_ITS_OWN))
    return _squawk(path, *(("--assume-in-transaction",) if within else ()), excluded=excluded)


def _squawk(path: Path, *options: str, excluded: Sequence[str]) -> str:
    command = str(Path(sysconfig.get_path("scripts")) / "squawk")
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        [
            *(
                command,
                "--pg-version",
                "18",
                "--reporter",
                "gcc",
                "--no-error-on-unmatched-pattern",
            ),
            *(f"--exclude={rule}" for rule in excluded),
            *(*options, str(path)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize("path", new_files(), ids=lambda path: path.name)
def test_a_migration_since_the_previous_release_keeps_to_the_policy(path: Path) -> None:
    assert objections(path) == ""


TIMEOUT: Final = "SET LOCAL lock_timeout = '2s';\n"


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("ALTER TABLE link ADD COLUMN colour text;", "require-lock-timeout"),
        (TIMEOUT + "ALTER TABLE link DROP COLUMN stream;", "ban-drop-column"),
        (TIMEOUT + "ALTER TABLE link RENAME COLUMN stream TO river;", "renaming-column"),
        (TIMEOUT + "ALTER TABLE link ALTER COLUMN version TYPE text;", "changing-column-type"),
        (TIMEOUT + "ALTER TABLE link ADD COLUMN n int NOT NULL;", "adding-required-field"),
        (
            TIMEOUT + "ALTER TABLE link ADD CONSTRAINT sound CHECK (version > 0);",
            "constraint-missing-not-valid",
        ),
        (TIMEOUT + "CREATE INDEX link_type ON link (type);", "require-concurrent-index-creation"),
    ],
)
def test_a_step_that_would_stop_the_previous_release_or_hold_it_up_is_refused(
    statement: str, rule: str, tmp_path: Path
) -> None:
    planted = tmp_path / "20991231000000_planted.sql"
    planted.write_text(f"-- migrate:up\n{statement}\n")
    assert rule in objections(planted)
