"""How a request says by when something was known: `known_at`, or `known_on`."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Depends, Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, TypeAdapter, ValidationError

from services.ledger.domain.moments import (
    BetweenTurnedRound,
    BetweenUnclear,
    DayNotPassed,
    Moment,
    MomentNotPassed,
    MomentsMixed,
    in_order,
)

NOT_PASSED: Final = (MomentNotPassed, DayNotPassed)
MOMENTS: Final = (MomentsMixed, *NOT_PASSED)
"""What may be refused where `AskedMoment` is asked for."""
BETWEEN: Final = (BetweenUnclear, BetweenTurnedRound, *NOT_PASSED)

UNESCAPED: Final = re.compile(r"(?<=[0-9]) (?=[0-9]{2}:?[0-9]{2}$)")


def _with_plus(text: Any) -> Any:  # noqa: ANN401  whatever was sent
    """A plus in a query stands for a space, and few escape the one of `+09:00`."""
    return UNESCAPED.sub("+", text) if isinstance(text, str) and "T" in text else text


def _in_utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("this instant lies beyond the calendar") from None


Instant: TypeAlias = Annotated[AwareDatetime, BeforeValidator(_with_plus), AfterValidator(_in_utc)]


def _asked(
    known_at: Annotated[Instant | None, Query(description="An instant, with its zone.")] = None,
    known_on: Annotated[date | None, Query(description="A business date, to its end.")] = None,
) -> Moment | None:
    if known_at is not None and known_on is not None:
        raise MomentsMixed
    return None if known_at is known_on is None else Moment(known_at, known_on)


AskedMoment: TypeAlias = Annotated[Moment | None, Depends(_asked)]

INSTANT: Final = TypeAdapter[datetime](Instant)
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _between(
    between: Annotated[
        str, Query(max_length=100, description="Two instants or two business dates, and a comma.")
    ],
) -> tuple[Moment, Moment]:
    try:
        earlier, later = map(_moment, between.split(","))
    except (ValueError, ValidationError):
        raise BetweenUnclear from None
    return in_order(earlier, later)


def _moment(text: str) -> Moment:
    if DAY.fullmatch(text):
        return Moment(on=date.fromisoformat(text))
    return Moment(at=INSTANT.validate_python(text))


AskedBetween: TypeAlias = Annotated[tuple[Moment, Moment], Depends(_between)]
