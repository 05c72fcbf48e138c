"""CONTRIBUTING's recipes, read as a script reads them and followed to the letter."""

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast

Where: TypeAlias = Literal["new", "after", "before", "instead of"]

RECIPE: Final = re.compile(r"^### (.+)$", re.MULTILINE)
BLOCK: Final = re.compile(
    r"(?P<above>.*)\n\n?(?P<indent> *)```(?P<language>\w+)\n(?P<text>(?:.*\n)*?)(?P=indent)```\n"
)
HEADING: Final = re.compile(
    r" *`(?P<path>[^`]+)`, (?P<where>new|after|before|instead of)(?: `(?P<anchor>[^`]+)`)?"
)


@dataclass(frozen=True)
class Edit:
    """A block of text and the place in a file where it belongs."""

    path: Path
    where: Where
    anchor: str
    """How the line begins beside which, or in whose place, it stands."""
    text: str

    def apply(self, root: Path) -> None:
        file = root / self.path
        if self.where == "new":
            assert not file.exists(), f"{self.path} is there already"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text)
            return
        lines = file.read_text().splitlines(keepends=True)
        found = [n for n, line in enumerate(lines) if line.strip().startswith(self.anchor)]
        assert len(found) == 1, f"{self.path}: {len(found)} lines begin with {self.anchor!r}"
        (at,) = found
        replaced = slice(at + (self.where == "after"), at + (self.where != "before"))
        lines[replaced] = [self.text]
        file.write_text("".join(lines))


@dataclass(frozen=True)
class Recipe:
    edits: Sequence[Edit]
    commands: Sequence[str]
    """What must pass at the end."""

    def apply(self, root: Path) -> None:
        for edit in self.edits:
            edit.apply(root)

    def follow(self, root: Path) -> None:
        self.apply(root)
        for command in self.commands:
            run(root, *command.split())


def read_recipes(page: Path) -> dict[str, Recipe]:
    _, *parts = RECIPE.split(page.read_text())
    titles, texts = parts[::2], parts[1::2]
    return {title: _recipe(text) for title, text in zip(titles, texts, strict=True)}


def _recipe(text: str) -> Recipe:
    edits: list[Edit] = []
    commands: list[str] = []
    for above, language, block in _blocks(text):
        if language == "sh":
            commands += block.splitlines()
            continue
        heading = HEADING.fullmatch(above)
        assert heading, f"no file is named above a block, but: {above}"
        where = cast(Where, heading["where"])
        edits.append(Edit(Path(heading["path"]), where, heading["anchor"] or "", block))
    return Recipe(edits, commands)


def _blocks(text: str) -> Iterator[tuple[str, str, str]]:
    found = list(BLOCK.finditer(text))
    assert len(found) * 2 == text.count("```"), "a block is not read"
    for block in found:
        # The recipe's own indentation goes, the code's stays.
        lines = block["text"].splitlines(keepends=True)
        depth = len(block["indent"])
        assert not [line for line in lines if line.strip() and line[:depth].strip()], block
        yield block["above"], block["language"], "".join(line[depth:] or "\n" for line in lines)


def run(root: Path, program: str, *arguments: str) -> str:
    """Run what a contributor would type there; the environment is not made anew."""
    if program == "make":
        arguments = ("--assume-old=dev", *arguments)
    environment = {**os.environ, "MYPY_CACHE_DIR": str(root / ".mypy_cache")}
    done = subprocess.run(  # noqa: S603 - what the recipe says, no shell
        (program, *arguments),
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    command = " ".join((program, *arguments))
    assert done.returncode == 0, f"{command}\n{textwrap.indent(done.stdout[-6000:], '    ')}"
    return done.stdout


def python(root: Path, code: str) -> str:
    return run(root, sys.executable, "-c", code)
