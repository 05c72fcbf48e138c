"""A statement as a page to print, in Japanese or English: one file, nothing loaded, no script."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.ledger.domain.moments import Moment
from services.ledger.domain.statements import Line, Statement, Total
from shared.calendar import era_fiscal_year, months_of, months_through
from shared.clock import TOKYO
from shared.contracts.resources import CATALOGUE
from shared.http.languages import Language

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Group:
    """All homes of one service and resource: one table, for it has one unit."""

    total: Total
    lines: Sequence[Line]


class StatementPage:
    def __init__(self) -> None:
        environment = Environment(
            loader=FileSystemLoader(HERE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._template = environment.get_template("statement.html.jinja")
        self._words = tomllib.loads((HERE / "statement_words.toml").read_text())

    def of(self, statement: Statement, moment: Moment | None, language: Language) -> str:
        first, last = months_of(statement.fiscal_year)
        groups = list(_groups(statement))
        return self._template.render(
            words=self._words[language],
            language=language,
            statement=statement,
            era=era_fiscal_year(statement.fiscal_year),
            months=list(months_through(first, last)),
            known=_known(moment),
            groups=groups,
            sectors=[list(found) for _, found in groupby(groups, key=lambda g: g.total.service)],
            names=_Names(self._words[language], language),
        )


def _groups(statement: Statement) -> Iterator[Group]:
    lines = groupby(statement.lines, key=lambda line: (line.topic, line.resource))
    for total, (_, found) in zip(statement.totals(), lines, strict=True):
        yield Group(total, list(found))


def _known(moment: Moment | None) -> str | None:
    if moment is None:
        return None
    if moment.at is not None:
        return moment.at.astimezone(TOKYO).isoformat(sep=" ", timespec="milliseconds")
    return str(moment.on)


@dataclass(frozen=True, slots=True)
class _Names:
    """What things are called on the page; what has no word here is called as in the books."""

    words: Mapping[str, Any]
    language: Language

    def resource(self, name: str) -> str:
        known = CATALOGUE.get(name)
        if self.language == "ja" and known is not None:
            return known.japanese
        return name.replace("_", " ")

    def unit(self, name: str | None) -> str:
        return self._of("units", name)

    def sector(self, total: Total) -> str:
        return self._of("sectors", total.sector or total.service)

    def level(self, name: str) -> str:
        return self._of("levels", name)

    def basis(self, name: str) -> str:
        return self._of("bases", name)

    def answer(self, name: str) -> str:
        return self._of("answers", name)

    def confidence(self, name: str) -> str:
        return self._of("confidence", name)

    def _of(self, kind: str, name: str | None) -> str:
        return str(self.words[kind].get(name or "unknown", name or "–"))
