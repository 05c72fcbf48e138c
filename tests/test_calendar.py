"""Months and public years as offices write them."""

import pytest

from shared.calendar import era_fiscal_year, era_label


@pytest.mark.parametrize(
    ("month", "label"),
    [
        ("2019-05", "令和元年5月"),
        ("2019-04", "平成31年4月"),
        ("2011-08", "平成23年8月"),
        ("1989-01", "平成元年1月"),
        ("1926-12", "昭和元年12月"),
        ("1926-11", "大正15年11月"),
        ("1912-07", "大正元年7月"),
        ("1873-01", "明治6年1月"),
        ("1872-12", "1872年12月"),
        ("1000-01", "1000年1月"),
    ],
)
def test_a_month_of_any_time_has_a_label(month: str, label: str) -> None:
    assert era_label(month) == label


def test_a_public_year_belongs_to_the_era_of_its_december() -> None:
    assert era_fiscal_year(2018) == "平成30年度"
    assert era_fiscal_year(2019) == "令和元年度"
