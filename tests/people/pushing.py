"""Bodies for every endpoint that takes one, with a marked name wherever text is taken."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

NAME: Final = "Marked Hanako 印山田花子"
Json = Mapping[str, Any]

DAYS: Final = {"date": "2999-03-31", "date-time": "2999-03-31T00:00:00Z"}
FITTING: Final = (
    ("^[1-9][0-9]{3}-", "2011-08"),
    ("^[0-9a-f]{64}$", "a" * 64),
    ("^[0-9a-f]{16}$", "a" * 16),
    ("^(0[1-9]", "14"),
)


def bodies(document: Json, operation: Json) -> Iterator[Any]:
    """One in which all that is text is the name, and one that is otherwise as it should be."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is not None:
        models = document.get("components", {}).get("schemas", {})
        yield _filled(content["schema"], models, fitting=False)
        yield _filled(content["schema"], models, fitting=True)


def _filled(schema: Json, models: Json, *, fitting: bool) -> Any:  # noqa: ANN401  any JSON
    def filled(part: Json) -> Any:  # noqa: ANN401  any JSON
        return _filled(part, models, fitting=fitting)

    match schema:
        case {"$ref": reference}:
            return filled(models[reference.rpartition("/")[2]])
        case {"anyOf": [first, *_]} | {"allOf": [first, *_]}:
            return filled(first)
        case {"properties": fields}:
            # A date that is played goes no further than people are to be kept.
            return {**{n: filled(f) for n, f in fields.items()}, **_played(fields)}
        case {"enum": [only, *_]} | {"const": only} if fitting:
            return only
        case {"type": "array", "items": items}:
            return [filled(items)]
        case {"type": "integer" | "number"}:
            return max(1, schema.get("minimum", 1))
        case {"type": "boolean"}:
            return False
        case {"type": "string"} if fitting:
            return _text(schema)
        case _:
            return NAME


def _played(fields: Json) -> dict[str, str]:
    return {"business_date": "2011-08-01"} if "business_date" in fields else {}


def _text(schema: Json) -> str:
    if (form := schema.get("format")) in DAYS:
        return DAYS[form]
    pattern = schema.get("pattern", "")
    for start, text in FITTING:
        if pattern.startswith(start):
            return text
    return "some-id" if pattern.startswith("^[a-z0-9]") else NAME
