"""A month is asked for in the era's words or in plain digits, and is the same month."""

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.http.months import AskedMonth

MONTHS: TypeAdapter[str] = TypeAdapter(AskedMonth)


@pytest.mark.parametrize(
    "said", ["2026-04", "令和8年4月", "R8-04", "r8.4", "\uff32\uff18\uff0e\uff14", " 令和8年4月 "]
)
def test_a_month_of_an_era_is_the_month_that_it_is(said: str) -> None:
    assert MONTHS.validate_python(said) == "2026-04"


def test_the_first_year_of_an_era_has_its_own_name() -> None:
    assert MONTHS.validate_python("令和元年5月") == "2019-05"


@pytest.mark.parametrize("said", ["R8-13", "R8.4.1", "X8-04", "2026/4", "", "令和", 202604])
def test_what_names_no_month_is_refused(said: object) -> None:
    with pytest.raises(ValidationError):
        MONTHS.validate_python(said)
