"""`yui verify`: prove that nothing was lost, doubled or altered, and name what was."""

import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from deploy.checking.check import Asked, check
from deploy.checking.report import show

SETTLE_S: Final = 30.0
QUIET_S: Final = 2.0
WIDTH: Final = 120


async def run(
    database_url: str,
    kafka_bootstrap: str,
    *,
    journal: Path | None = None,
    seals: Path | None = None,
    settle_s: float = SETTLE_S,
    owned_by_test: Collection[str] = (),
    console: Console | None = None,
) -> int:
    """Print what was found, and return how many differences there are."""
    console = console or (Console() if sys.stdout.isatty() else Console(width=WIDTH))
    asked = Asked(
        database_url=database_url,
        bootstrap=kafka_bootstrap,
        journal=journal,
        seals=seals,
        settle_s=settle_s,
        owned_by_test=owned_by_test,
    )
    with bar(console) as shown:
        findings = await check(asked, shown.say, shown.count)
    show(findings, console, journal=journal is not None)
    return findings.differences


class Bar:
    """Shown only where it takes longer than a moment."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        self._progress.update(self._task, description=text)
        self._appear()

    def count(self, done: int, whole: int) -> None:
        self._progress.update(self._task, description="records", completed=done, total=whole)
        self._appear()

    def _appear(self) -> None:
        if time.monotonic() - self._began > QUIET_S and not self._progress.live.is_started:
            self._progress.start()


@contextmanager
def bar(console: Console) -> Iterator[Bar]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    progress = Progress(*columns, console=console, transient=True)
    try:
        yield Bar(progress, progress.add_task("reading", total=None))
    finally:
        progress.stop()
