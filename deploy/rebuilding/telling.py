"""How far a rebuild has come, while it goes on, and what it ends with."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from deploy.rebuilding.comparing import Comparison

PLAIN_EVERY_S: Final = 5.0
RATED_OVER_S: Final = 30.0


class Telling:
    """A bar on a terminal, a line now and then anywhere else."""

    def __init__(self, console: Console, progress: Progress | None) -> None:
        self._console = console
        self._progress = progress
        self._task = progress.add_task("", total=None) if progress else None
        self._name = ""
        self._told_at = 0.0
        self._began: tuple[float, int] | None = None
        self._whole = False

    def say(self, name: str) -> None:
        self._name, self._told_at = name, time.monotonic()
        self._began, self._whole = None, False
        if self._progress is not None and self._task is not None:
            self._progress.reset(self._task, description=name, total=None)
        else:
            self._console.print(escape(f"{name} ..."), highlight=False)

    def count(self, done: int, whole: int) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done, total=whole)
            return
        now = time.monotonic()
        began, before = self._began = self._began or (now, done)
        if (done == whole and not self._whole) or now - self._told_at > PLAIN_EVERY_S:
            self._told_at, self._whole = now, done == whole
            rate = (done - before) / max(now - began, 0.001)
            left = f", {(whole - done) / rate:,.0f} s left" if rate and done < whole else ""
            text = f"{self._name}: {done:,} of {whole:,} records, {rate:,.0f}/s{left}"
            self._console.print(escape(text), highlight=False)


@contextmanager
def telling(console: Console) -> Iterator[Telling]:
    if not console.is_terminal:
        yield Telling(console, None)
        return
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), Records()),
        *(Rate(), TimeRemainingColumn()),
    )
    with Progress(
        *columns, console=console, transient=True, speed_estimate_period=RATED_OVER_S
    ) as progress:
        yield Telling(console, progress)


class Records(TextColumn):
    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        whole = "" if task.total is None else f"{task.completed:,.0f} of {task.total:,.0f} records"
        return Text(whole)


class Rate(TextColumn):
    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        speed = task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s")


def show(comparison: Comparison, console: Console) -> None:
    counted = ", ".join(f"{number:,} {name}" for name, number in comparison.counts.items())
    _print(console, f"compared: {counted}")
    for one in comparison.differences:
        _print(console, f"{one.number:,} of {one.kind}, the first: {one.name}")
        _print(console, f"    the ledger has  {one.first}\n    rebuilt it has  {one.second}")
    differences = comparison.number
    _print(console, f"{differences:,} differences" if differences != 1 else "1 difference")


def _print(console: Console, text: str) -> None:
    console.print(escape(text), soft_wrap=True, highlight=False)
