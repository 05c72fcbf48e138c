"""Spreadsheets as offices really send them, read line by line, or refused line by line. Pure.

Shift_JIS or UTF-8, full-width digits, dates of an era, blank rows, totals at the bottom.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.calendar import ERAS

LINES_MAX: Final = 1_000
TOTALS: Final = re.compile(r"(総|小)?合?計|total|sum", re.IGNORECASE)
LETTERS: Final = {"R": "令和", "H": "平成", "S": "昭和", "T": "大正", "M": "明治"}
FIRST_YEARS: Final = {name: first for _, name, first in ERAS}
ERA: Final = re.compile(
    r"(?P<era>令和|平成|昭和|大正|明治|[RHSTM])\s*(?P<year>元|\d{1,2})\s*[年.\-/]\s*"
    r"(?P<month>\d{1,2})\s*(?:月|[.\-/](?=\d)|$)\s*(?:(?P<day>\d{1,2})\s*日?)?",
    re.IGNORECASE,
)
WESTERN: Final = re.compile(
    r"(?P<year>\d{4})\s*[年.\-/]\s*(?P<month>\d{1,2})\s*(?:月|[.\-/](?=\d)|$)\s*"
    r"(?:(?P<day>\d{1,2})\s*日?)?"
)
AMOUNT: Final = re.compile(r"[¥\\]?\s*(?P<digits>-?[\d,]+)\s*(?:円|分|回)?")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the sheet: its number there, as a spreadsheet counts, and its cells by column."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    rows: Sequence[Row]
    unknown: Sequence[int] = field(default_factory=tuple)
    """Columns that nobody knows, counted from 1; then no row is read. What they are called is not
    told: without a head, the first row may be somebody."""
    skipped: Sequence[int] = field(default_factory=tuple)
    """Rows that are blank, or totals."""


class NoSheet(ValueError):
    """These bytes are text in neither encoding."""


def read_sheet(content: bytes, columns: Mapping[str, str]) -> Sheet:
    """Read a sheet whose first row names its columns; `columns` says what each name means."""
    lines = list(csv.reader(io.StringIO(_text(content), newline="")))
    while lines and not any(map(str.strip, lines[0])):
        lines.pop(0)
    if not lines:
        return Sheet(())
    names = [_plain(cell) for cell in lines[0]]
    unknown = [place for place, name in enumerate(names, start=1) if name not in columns]
    rows, skipped = [], []
    for number, cells in enumerate(lines[1:], start=2):
        plain = [_plain(cell) for cell in cells]
        if not any(plain) or any(TOTALS.fullmatch(cell) for cell in plain):
            skipped.append(number)
        else:
            rows.append(Row(number, _named(names, plain, columns)))
    return Sheet(() if unknown else rows, unknown, skipped)


def _named(
    names: Sequence[str], cells: Sequence[str], columns: Mapping[str, str]
) -> dict[str, str]:
    """Cells by what their columns mean; an empty one says nothing."""
    return {
        columns.get(name, name): value(cell)
        for name, cell in zip(names, cells, strict=False)
        if cell
    }


def value(cell: str) -> str:
    """A cell as the API would have it: a month, a day, a number; anything else as it stands."""
    for shape in (ERA, WESTERN):
        if (found := shape.fullmatch(cell)) is not None:
            return _day(found)
    if (amount := AMOUNT.fullmatch(cell)) is not None:
        return amount["digits"].replace(",", "")
    return cell


def _day(found: re.Match[str]) -> str:
    told = found.groupdict()
    year = int(1 if told["year"] == "元" else told["year"])
    if told.get("era"):
        name = LETTERS.get(told["era"].upper(), told["era"])
        year += FIRST_YEARS[name] - 1
    month = f"{year:04d}-{int(told['month']):02d}"
    return month if told["day"] is None else f"{month}-{int(told['day']):02d}"


def _plain(cell: str) -> str:
    """Full-width letters and digits as the others, and no blanks around."""
    return unicodedata.normalize("NFKC", cell).strip()


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NoSheet
