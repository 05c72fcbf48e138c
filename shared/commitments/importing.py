"""Promises and deliveries from a spreadsheet: every bad line is named, with row and reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from shared.commitments.batch import Line, line_of
from shared.commitments.bodies import DeliveryBody, PromiseBody
from shared.commitments.desk import Desk
from shared.commitments.making import delivering, promising
from shared.handling import Answer
from shared.http.answers import Done, Json, Told
from shared.http.callers import Writing
from shared.http.field_rules import field_rule
from shared.http.languages import Language
from shared.http.problems import title
from shared.http.refusals import SheetUnreadable
from shared.http.sheets import LINES_MAX, NoSheet, Row, read_sheet
from shared.ids import new_opaque_id
from shared.refusal import Refusal
from shared.work import Work

LineBody: TypeAlias = PromiseBody | DeliveryBody

JAPANESE: Final[Mapping[str, str]] = {
    "commitment_id": "約束ID",
    "from_month": "開始月",
    "through_month": "終了月",
    "beyond_need": "必要超過",
    "month": "対象月",
    "quantity": "数量",
    "beyond_promise": "約束超過分",
    "gift": "寄付",
    "delivered_on": "提供日",
    "evidence_sha256": "証憑ハッシュ",
    "evidence_id": "証憑ID",
}
"""What columns may be called beside the sector's own words."""
MONEY: Final = "金額"


class BadLine(Told):
    """A row as the spreadsheet counts it, the column, and the rule that refuses it."""

    row: int
    column: str
    rule: str


class ImportAnswer(Done):
    """What was done, or would be; nothing where a line is bad."""

    dry_run: bool
    lines: int
    done: int
    skipped_rows: list[int]
    """Blank rows, and totals."""
    bad: list[BadLine]


@dataclass(frozen=True, slots=True)
class Found:
    lines: Sequence[tuple[int, Line]]
    """With their rows."""
    skipped: Sequence[int]
    bad: Sequence[dict[str, Any]]


class _NothingDone(Refusal):
    """All that was decided is dropped: it was a dry run, or a line is bad."""

    japanese = "試行または誤りのある行のため、何も行われていません。"


def sheet_of(line: type[LineBody], commitment: str) -> Json:
    """What the document says of the body."""
    columns = _columns(line, commitment)
    said = "The first row names the columns: " + ", ".join(f"`{name}`" for name in columns)
    month = "month" if "month" in columns else "from_month"
    example = f"{commitment}_id,{month}\r\n{commitment}-1,令和8年4月\r\n"
    content = {"text/csv": {"schema": {"type": "string"}, "example": example}}
    return {"requestBody": {"required": True, "description": said, "content": content}}


def read_lines(content: bytes, line: type[LineBody], commitment: str, language: Language) -> Found:
    columns, model = _columns(line, commitment), line_of(line, commitment)
    try:
        sheet = read_sheet(content, columns)
    except NoSheet:
        raise SheetUnreadable from None
    if sheet.unknown or not sheet.rows or len(sheet.rows) > LINES_MAX:
        raise SheetUnreadable(*sheet.unknown[:10])
    lines: list[tuple[int, Line]] = []
    bad: list[dict[str, Any]] = []
    for row in sheet.rows:
        try:
            read: Any = model.model_validate_strings(dict(row.cells))
        except ValidationError as error:
            bad += [_bad(row, one, language) for one in error.errors()]
        else:
            lines.append((row.number, _line(read.commitment_id, read)))
    return Found(lines, sheet.skipped, bad)


def _line(commitment_id: str, read: LineBody) -> Line:
    if isinstance(read, PromiseBody):
        return Line(commitment_id, promising(read))
    delivery_id = new_opaque_id()
    return Line(commitment_id, delivering(delivery_id, read), delivery_id)


async def import_lines(
    desk: Desk,
    caller: Writing,
    found: Found,
    language: Language,
    dry_run: bool,  # noqa: FBT001  as the request says it
) -> Answer:
    """All lines or none; a dry run decides all the same, and drops what it decided."""
    bad = list(found.bad)

    def told(done: int) -> dict[str, Any]:
        return {
            "dry_run": dry_run,
            "lines": len(found.lines) + len({one["row"] for one in found.bad}),
            "done": done,
            "skipped_rows": list(found.skipped),
            "bad": sorted(bad, key=lambda one: int(one["row"])),
        }

    async def act(work: Work) -> Answer:
        bad[:] = found.bad
        for row, line in found.lines:
            try:
                await desk.decide(caller, work, line.commitment_id, line.command)
            except Refusal as refusal:
                rule = title(type(refusal), language)
                bad.append({"row": row, "column": "", "rule": rule})
        if bad or dry_run:
            raise _NothingDone
        return Answer(200, told(len(found.lines)))

    try:
        return await desk.act_on_many(caller, (line.commitment_id for _, line in found.lines), act)
    except _NothingDone:
        return Answer(200, {**told(0), "event_ids": []})


def _columns(line: type[LineBody], commitment: str) -> dict[str, str]:
    """The sector's own words, and Japanese ones, with the word that the body knows."""
    columns: dict[str, str] = {}
    for name, field in line_of(line, commitment).model_fields.items():
        word = field.alias or name
        columns[word] = word
        columns[JAPANESE[name]] = word
        if name == "quantity" and word.endswith("_yen"):
            columns[MONEY] = word
    return columns


def _bad(row: Row, error: Any, language: Language) -> dict[str, Any]:  # noqa: ANN401  pydantic's own
    column = ".".join(str(part) for part in error["loc"])
    return {"row": row.number, "column": column, "rule": field_rule(error, language)}
