"""Months as Japanese offices write them: `令和8年4月`, `R8-04` or `R8.4` beside `2026-04`."""

import unicodedata
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field

from shared.contracts.event import Month
from shared.http.sheets import ERA, value

LENGTH = len("2026-04")


def _read(said: Any) -> Any:  # noqa: ANN401  whatever was sent
    """An era's month as the month that it is; anything else as it stands."""
    if isinstance(said, str):
        plain = unicodedata.normalize("NFKC", said).strip()
        if ERA.fullmatch(plain) and len(read := value(plain)) == LENGTH:
            return read
    return said


AskedMonth: TypeAlias = Annotated[
    Month,
    BeforeValidator(_read),
    Field(description="`2026-04`, or of an era: `令和8年4月`, `R8-04`."),
]
"""A month that a request names; it is told as `2026-04`."""
