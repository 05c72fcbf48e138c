"""No field of any event can hold personal data: each is of a kind that is on a list."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final

import pytest
from pydantic import Field

from shared.contracts.event import Event, Fact, Id
from shared.contracts.registry import EVENTS_BY_TYPE

Json = Mapping[str, Any]

NUMBERS: Final = frozenset({"integer", "number", "boolean", "null"})
FORMATS: Final = frozenset({"date", "date-time"})
PEOPLE: Final = (
    "Yamada Hanako",
    "山田花子",
    "やまだ はなこ",
    "hanako@example.org",
    "+81 3 0000 0000",
    "1-2-3 Chuo, Yokohama",
    "She was ill.",
)
"""What no pattern may let through; nobody's."""
TELLING: Final = frozenset(
    (
        *("name", "kana", "birth", "birthday", "born", "age", "sex", "gender", "nationality"),
        *("address", "postcode", "email", "phone", "telephone", "photo", "diagnosis"),
        *("note", "notes", "comment", "remark", "memo", "text", "description"),
    )
)
"""A date or an id under such a name is a person's all the same."""
ALLOWED: Final = frozenset({"age_band"})


def refused(event: type[Event]) -> list[str]:
    """Say which fields of an event could hold what is somebody's own."""
    schema = event.model_json_schema()
    return list(_refused(schema, schema.get("$defs", {}), event.__name__, frozenset()))


def _refused(schema: Json, models: Json, where: str, above: frozenset[str]) -> Iterator[str]:
    match schema:
        case {"$ref": reference}:
            model = reference.rpartition("/")[2]
            if model not in above:
                yield from _refused(models[model], models, where, above | {model})
        case {"anyOf": parts}:
            for part in parts:
                yield from _refused(part, models, where, above)
        case {"properties": fields}:
            for name, field in fields.items():
                if name not in ALLOWED and TELLING & set(name.split("_")):
                    yield f"{where}.{name}"
                yield from _refused(field, models, f"{where}.{name}", above)
        case {"items": item}:
            yield from _refused(item, models, where, above)
        case _:
            if not _is_closed(schema):
                yield where


def _is_closed(leaf: Json) -> bool:
    """Whether a field can hold nothing but a code, a number or a time."""
    match leaf:
        case {"enum": _} | {"const": _}:
            return True
        case {"type": "string", "pattern": pattern}:
            return not any(re.search(pattern, text) for text in PEOPLE)
        case {"type": "string"}:
            return leaf.get("format") in FORMATS
        case _:
            return leaf.get("type") in NUMBERS


@pytest.mark.parametrize("event", EVENTS_BY_TYPE.values(), ids=EVENTS_BY_TYPE)
def test_no_field_can_hold_personal_data(event: type[Event]) -> None:
    assert refused(event) == []


# --- The list itself


class Child(Fact):
    nickname: str


class Welcomed(Event):
    owner: ClassVar[str] = "planted"
    category: ClassVar[str] = "planted"
    identity_field: ClassVar[str] = "home_id"
    key_field: ClassVar[str] = "home_id"

    home_id: Id
    name: str
    title: str | None = None
    anything: Annotated[str, Field(pattern=r"^.{1,64}$")] = "-"
    birth_date: date | None = None
    arrived_at: datetime | None = None
    children: tuple[Child, ...] = ()
    more: dict[str, int] = Field(default_factory=dict)
    whatever: Any = None
    child_age: int = 0


def test_a_field_that_could_hold_personal_data_is_refused() -> None:
    assert refused(Welcomed) == [
        "Welcomed.name",
        "Welcomed.name",
        "Welcomed.title",
        "Welcomed.anything",
        "Welcomed.birth_date",
        "Welcomed.children.nickname",
        "Welcomed.more",
        "Welcomed.whatever",
        "Welcomed.child_age",
    ]
