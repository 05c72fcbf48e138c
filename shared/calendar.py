"""Months, fiscal years and eras, in the calendar that Japanese partners share."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from shared.contracts.event import Month

ERAS = (
    (date(2019, 5, 1), "令和", 2019),
    (date(1989, 1, 8), "平成", 1989),
    (date(1926, 12, 25), "昭和", 1926),
    (date(1912, 7, 30), "大正", 1912),
    (date(1873, 1, 1), "明治", 1868),  # from here on with the months of today's calendar
)
"""From when an era's name is used, and which year is its first."""
FISCAL_YEAR_STARTS = 4


def month_of(day: date) -> Month:
    return f"{day.year:04d}-{day.month:02d}"


def first_day(month: Month) -> date:
    return date(int(month[:4]), int(month[5:]), 1)


def days_in(month: Month) -> int:
    return monthrange(int(month[:4]), int(month[5:]))[1]


def last_day(month: Month) -> date:
    return first_day(month) + timedelta(days=days_in(month) - 1)


def add_months(month: Month, months: int) -> Month:
    return month_of(first_day(month) + relativedelta(months=months))


def months_through(first: Month, last: Month) -> Iterator[Month]:
    """Every month from the first to the last, both included; none where the last lies before."""
    if first > last:
        return
    month = first
    yield month
    while month != last:  # beyond the last there may be no calendar any more
        month = add_months(month, 1)
        yield month


def first_month_after_notice(notice_on: date, notice_months: int) -> Month:
    """The first month that begins after notice date + notice period: 10 Dec + 2 → March."""
    end = notice_on + relativedelta(months=notice_months)
    return add_months(month_of(end), 1)


def fiscal_year(month: Month) -> int:
    """The Japanese public year, which begins on 1 April."""
    year, number = int(month[:4]), int(month[5:])
    return year if number >= FISCAL_YEAR_STARTS else year - 1


def months_of(fiscal_year: int) -> tuple[Month, Month]:
    """The first and the last month of a Japanese public year."""
    return f"{fiscal_year:04d}-{FISCAL_YEAR_STARTS:02d}", f"{fiscal_year + 1:04d}-03"


def era_label(month: Month) -> str:
    """The month as offices write it: 平成23年8月. A month belongs to the era of its last day."""
    end = last_day(month)
    return f"{_era_year(end)}年{end.month}月"


def era_fiscal_year(fiscal_year: int) -> str:
    """The public year as offices write it: 平成23年度; of 2019, 令和元年度, by its December."""
    return f"{_era_year(date(fiscal_year, 12, 31))}年度"


def _era_year(day: date) -> str:
    """A month may be of any time: before the eras known here, its year stands alone."""
    for start, name, first in ERAS:
        if day >= start:
            year = day.year - first + 1
            return f"{name}{'元' if year == 1 else year}"
    return str(day.year)
