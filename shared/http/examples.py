"""An example of whatever a JSON schema describes, the same each time it is made."""

from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]

BY_PATTERN: Final = {
    r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$": "2026-04",
    r"^(0[1-9]|[1-3][0-9]|4[0-7])$": "14",
    r"^[0-9a-f]{16}$": "0123456789abcdef",
    r"^[0-9a-f]{64}$": "5e" * 32,
}
BY_FORMAT: Final = {
    "date": "2026-04-01",
    "date-time": "2026-04-01T09:00:00+09:00",
    "uuid": "019d4c3e-8f00-7a3b-9c51-2f6d8e7a1b40",
}
BY_NAME: Final = {
    "month": "2026-04",
    "from_month": "2026-04",
    "through_month": "2027-03",
    "era_month": "令和8年4月",
    "era_fiscal_year": "令和8年度",
    "fiscal_year": 2026,
    "stream": "rent_agreement/agreement-1",
    "topic": "yui.rent_sponsorship.v1",
    "next_cursor": "WyJ0aGluZy0xIl0",
}


def example(schema: Json, models: Mapping[str, Json], name: str = "") -> Any:  # noqa: ANN401  JSON
    match schema:
        case {"$ref": reference}:
            return example(models[reference.rpartition("/")[2]], models, name)
        case {"examples": [first, *_]}:
            return first
        case {"const": only}:
            return only
        case {"enum": [first, *_]}:
            return first
        case {"anyOf": [first, *_]}:
            return example(first, models, name)
        case {"properties": fields}:
            return {field: example(of, models, field) for field, of in fields.items()}
        case {"items": item}:
            return [example(item, models, name.removesuffix("s"))]
        case {"additionalProperties": {} as value}:
            return {"name": example(value, models, name)}
        case _:
            return _value(schema, name)


def _value(schema: Json, name: str) -> Any:  # noqa: ANN401  JSON
    named, kind = BY_NAME.get(name), schema.get("type")
    if (isinstance(named, str) and kind == "string") or (
        isinstance(named, int) and kind == "integer"
    ):
        return named
    match schema:
        case {"format": form} if form in BY_FORMAT:
            return BY_FORMAT[form]
        case {"pattern": pattern}:
            return BY_PATTERN.get(pattern, f"{name.removesuffix('_id').replace('_', '-')}-1")
        case {"type": "integer"}:
            return max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
        case {"type": "number"}:
            return max(schema.get("minimum", 0), 1)
        case {"type": "boolean"}:
            return False
        case {"type": "string"}:
            return name.replace("_", "-") or "text"
        case {"type": "null"}:
            return None
        case {"type": "array"}:
            return []
        case _:
            return {}
