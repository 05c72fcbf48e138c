"""Saying what goes on: a spinner on a terminal, plain lines anywhere else."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

Advance = Callable[[int, int], None]
PLAIN_EVERY = 15


class Progress:
    def __init__(self, console: Console) -> None:
        self.console = console

    def say(self, text: str) -> None:
        self.console.print(escape(text), soft_wrap=True, highlight=False)

    @contextmanager
    def step(self, text: str) -> Iterator[Advance]:
        """Show a step while it goes on, and how long it took; yields a counter for its parts."""
        began = time.monotonic()
        if self.console.is_terminal:
            with self.console.status(escape(text)) as status:
                yield lambda done, whole: status.update(escape(f"{text} ({done} of {whole})"))
        else:
            self.say(f"{text} ...")
            yield lambda done, whole: self._count(text, done, whole)
        self.say(f"{text}: done in {time.monotonic() - began:.1f} s")

    def _count(self, text: str, done: int, whole: int) -> None:
        if done % PLAIN_EVERY == 0 or done == whole:
            self.say(f"{text}: {done} of {whole}")
