"""The table of expected decisions, as people wrote it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

TABLE: Final = Path(__file__).with_name("decisions.md")
EVERY_SERVICE: Final = "every service"
RELATIONS: Final = ("own", "party to", "foreign")

Decisions = Mapping[str, Sequence[str]]
"""By kind of principal: one decision, or one for each relation."""


@dataclass(frozen=True)
class Row:
    service: str
    endpoint: str
    decisions: Decisions


def rows(text: str) -> Iterator[Row]:
    service, kinds = "", list[str]()
    for before, line in pairwise(["", *text.splitlines()]):
        if line.startswith("## "):
            service = line.removeprefix("## ")
        elif line.startswith("|-"):
            kinds = _cells(before)[1:]
        elif line.startswith("| `"):
            endpoint, *decided = _cells(line)
            yield Row(
                service,
                endpoint.strip("`"),
                dict(zip(kinds, (cell.split() for cell in decided), strict=True)),
            )


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def decisions_by_endpoint() -> dict[tuple[str, str], Decisions]:
    """By service and endpoint, from the committed file."""
    return {(row.service, row.endpoint): row.decisions for row in rows(TABLE.read_text())}
