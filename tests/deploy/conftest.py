"""A `yui` command of its own, forgotten at the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.command import Command, free_base


@pytest.fixture
def yui(tmp_path: Path) -> Iterator[Command]:
    # pytest's folders are closed to others: PostgreSQL's own account could not pass as root.
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o711)
    command = Command(tmp_path / "state", free_base())
    yield command
    command("down", "--forget")
