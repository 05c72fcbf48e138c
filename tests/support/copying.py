"""A copy of the repository, for tests that change it."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]


def files_of_repository(*under: str) -> list[Path]:
    """What a clone would hold, and what is about to be added to it; relative paths."""
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *under)
    listed = subprocess.run(  # noqa: S603 - a fixed program, no shell
        command, cwd=REPOSITORY, check=True, capture_output=True
    )
    paths = {Path(name) for name in listed.stdout.decode().split("\0") if name}
    # The index may name what has just been deleted.
    return sorted(path for path in paths if (REPOSITORY / path).is_file())


def copy_repository(to: Path, *under: str) -> Path:
    for path in files_of_repository(*under):
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / path, to / path)
    return to
