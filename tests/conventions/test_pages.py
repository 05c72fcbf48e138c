"""A list that is at hand whole is read page by page, and nothing shifts meanwhile."""

from typing import Any

import pytest

from shared.http.pages import cut
from shared.http.refusals import BrokenCursor


def line(month: str, resource: str | None = "rent") -> dict[str, Any]:
    return {"month": month, "resource": resource, "quantity": 1}


def test_each_line_is_told_once_whatever_comes_and_goes_between_two_pages() -> None:
    lines = [line("2026-05"), line("2026-04"), line("2026-04", None), line("2026-07")]
    first, cursor = cut(lines, None, 2, "month", "resource")
    assert [one["month"] for one in first] == ["2026-04", "2026-04"]
    assert first[0]["resource"] is None
    written = [line("2026-03"), line("2026-06"), *(one for one in lines if one not in first)]
    second, cursor = cut(written, cursor, 2, "month", "resource")
    assert [one["month"] for one in second] == ["2026-05", "2026-06"]
    last, cursor = cut(written, cursor, 2, "month", "resource")
    assert ([one["month"] for one in last], cursor) == (["2026-07"], None)


def test_a_cursor_of_another_list_is_refused() -> None:
    _, cursor = cut([line("2026-04")], None, 1, "month")
    with pytest.raises(BrokenCursor):
        cut([line("2026-04")], cursor, 1, "month", "resource")
