"""A spreadsheet as offices send it is read, or refused line by line."""

import pytest

from shared.http.sheets import NoSheet, Row, read_sheet, value

COLUMNS = {"協定ID": "agreement_id", "対象月": "month", "金額": "amount_yen", "支払日": "paid_on"}
OFFICE = """協定ID,対象月,金額,支払日\r
agreement-1,令和８年４月,"１５０，０００円",R8.4.25\r
,,,\r
ａｇｒｅｅｍｅｎｔ－１,2026年5月,"￥150,000",令和8年5月25日\r
agreement-1,平成31年4月,-5,H31/4/1\r
合計,,"300,000",\r
"""


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "utf-8-sig"])
def test_an_offices_sheet_is_read_with_the_rows_that_a_spreadsheet_counts(encoding: str) -> None:
    sheet = read_sheet(OFFICE.encode(encoding), COLUMNS)
    first, second, third = sheet.rows
    assert first == Row(
        2,
        {
            "agreement_id": "agreement-1",
            "month": "2026-04",
            "amount_yen": "150000",
            "paid_on": "2026-04-25",
        },
    )
    assert (second.number, second.cells["month"]) == (4, "2026-05")
    assert second.cells["agreement_id"] == "agreement-1"
    assert third.cells == {
        "agreement_id": "agreement-1",
        "month": "2019-04",
        "amount_yen": "-5",
        "paid_on": "2019-04-01",
    }
    assert sheet.skipped == [3, 6]
    assert sheet.unknown == []


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("令和元年5月", "2019-05"),
        ("S63.1", "1988-01"),
        ("2026/4/1", "2026-04-01"),
        ("2026-13", "2026-13"),  # no month: whoever reads the line refuses it
        ("昭和99", "昭和99"),
        ("1,000円", "1000"),
        ("agreement-2026-04-01x", "agreement-2026-04-01x"),
    ],
)
def test_a_cell_says_what_it_means_or_stays_as_it_is(cell: str, read: str) -> None:
    assert value(cell) == read


def test_a_column_that_nobody_knows_is_pointed_at_and_no_row_is_read() -> None:
    sheet = read_sheet("協定ID,備考\r\na,b\r\n".encode(), COLUMNS)
    assert (sheet.unknown, sheet.rows) == ([2], ())


def test_what_is_no_text_is_no_sheet() -> None:
    with pytest.raises(NoSheet):
        read_sheet(b"\xff\xff\x00\x81", COLUMNS)


def test_an_empty_sheet_has_no_rows() -> None:
    assert read_sheet(b"\r\n\r\n", COLUMNS).rows == ()
