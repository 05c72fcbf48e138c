"""What requests say, read strictly; and bodies that no service wants to read at all."""

import json
import math
from datetime import date
from typing import Annotated, Any, Final, NoReturn, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from shared.http.refusals import (
    ArrayTooLong,
    BodyUnreadable,
    NameTwice,
    NumberTooLarge,
    TextUnsound,
    TooDeep,
)
from shared.refusal import Refusal

DEPTH_MAX: Final = 16
ITEMS_MAX: Final = 1_000
"""In one array."""
DIGITS_MAX: Final = 20
PLAIN_BYTES: Final = 2_000
"""A body of this length, with no escapes and few brackets, is too short to hold anything odd."""


AskedDay: TypeAlias = Annotated[date, Field(ge=date(1000, 1, 1), le=date(9000, 12, 31))]
"""A day that can be counted from: with months of four digits, and months and years after it."""


class Body(BaseModel):
    """Read strictly: a word that is not known here is refused, never passed over."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


def unsound(body: bytes) -> type[Refusal] | None:
    """The rule that a JSON body breaks whatever it is about; each makes readers disagree."""
    try:
        value = DECODER.decode(body.decode())
    except _Broken as broken:
        return broken.refusal
    except RecursionError:
        return TooDeep
    except ValueError:
        return BodyUnreadable
    if len(body) > PLAIN_BYTES or b"\\" in body or body.count(b"[") + body.count(b"{") > DEPTH_MAX:
        return _unsound(value, DEPTH_MAX)
    return None


def _unsound(value: Any, depth: int) -> type[Refusal] | None:  # noqa: ANN401  any JSON
    match value:
        case str():
            return None if _is_sound(value) else TextUnsound
        case list() if len(value) > ITEMS_MAX:
            return ArrayTooLong
        case list() | dict() if depth == 0:
            return TooDeep
        case list():
            found = (_unsound(one, depth - 1) for one in value)
        case dict():
            found = (_unsound(one, depth - 1) for pair in value.items() for one in pair)
        case _:
            return None
    return next((one for one in found if one is not None), None)


def _is_sound(text: str) -> bool:
    """PostgreSQL keeps no null character, UTF-8 no half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= one <= "\udfff" for one in text)


class _Broken(Exception):
    def __init__(self, refusal: type[Refusal]) -> None:
        self.refusal = refusal


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Broken(NameTwice)
    return found


def _whole(digits: str) -> int:
    if len(digits) > DIGITS_MAX or not -(2**63) <= int(digits) < 2**63:
        raise _Broken(NumberTooLarge)
    return int(digits)


def _finite(digits: str) -> float:
    if math.isinf(float(digits)):
        raise _Broken(NumberTooLarge)
    return float(digits)


def _no_number(_name: str) -> NoReturn:
    raise _Broken(BodyUnreadable)  # NaN and the infinities are not JSON, whatever json says


DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_once, parse_int=_whole, parse_float=_finite, parse_constant=_no_number
)
