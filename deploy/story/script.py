"""A story's script: its partners and its steps, read from TOML."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

FOLDER = Path(__file__).resolve().parent


class Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(Line):
    """Somebody who plays in the story."""

    name: str
    sectors: tuple[str, ...]


class Step(Line):
    """One request (or one per body of `each`) as its partner would make it, or a look."""

    as_: str = Field(alias="as")
    post: str = ""
    """`service/path`; `{word}` stands for what was kept before."""
    get: str = ""
    """Instead: the list, or the one thing, in which a line is looked for until it is there."""
    where: Mapping[str, Any] = Field(default_factory=dict)
    """What that line, or that thing, holds."""
    on: date | None = None
    """The business date from here on."""
    say: str | None = None
    body: Mapping[str, Any] = Field(default_factory=dict)
    each: Sequence[Mapping[str, Any]] = ()
    keep: Mapping[str, str] = Field(default_factory=dict)
    """Words for fields of the answer, or of the line."""
    keep_request: str | None = None
    """A word for the request's own id, by which its effects are found."""

    @property
    def bodies(self) -> Sequence[Mapping[str, Any]]:
        return self.each or (self.body,)


class Script(Line):
    name: str
    """Part of every idempotency key: played again, the same requests are recognised."""
    title: str
    home: str
    """The word under which the home's id is kept."""
    months: tuple[str, str]
    """The first and last month that are shown."""
    chain_of: str | None = None
    """The request whose causes and effects are shown."""
    partners: Mapping[str, Part]
    steps: Sequence[Step]


def read_script(path: Path) -> Script:
    return Script.model_validate(tomllib.loads(path.read_text()))


FIRST_HOME = FOLDER / "first_home.toml"
