"""One event of each type with every field filled, the same each time it is made."""

import json
from collections.abc import Mapping
from typing import Any, Final

from shared.contracts.event import Event

Json = dict[str, Any]

BY_PATTERN: Final = {
    r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$": "2011-08",
    r"^(0[1-9]|[1-3][0-9]|4[0-7])$": "14",
    r"^[0-9a-f]{16}$": "0123456789abcdef",
    r"^[0-9a-f]{64}$": "5e" * 32,
}
BY_FORMAT: Final = {"date": "2011-08-01", "date-time": "2011-08-01T09:00:00+09:00"}


def sample(event: type[Event]) -> str:
    """Return its body, as the store would write it."""
    schema = event.model_json_schema()
    facts = _filled(schema, schema.get("$defs", {}), "")
    return event.model_validate_json(json.dumps(facts)).model_dump_json(exclude_none=True)


def _filled(schema: Json, models: Mapping[str, Json], name: str) -> Any:  # noqa: ANN401  any JSON
    match schema:
        case {"$ref": reference}:
            return _filled(models[reference.rpartition("/")[2]], models, name)
        case {"anyOf": [first, *_]}:
            return _filled(first, models, name)
        case {"properties": fields}:
            return {field: _filled(fields[field], models, field) for field in fields}
        case {"items": item}:
            return [_filled(item, models, name)]
        case {"const": only}:
            return only
        case {"enum": values}:
            return values[1 if name == "moved_to" else 0]
        case {"format": form}:
            return BY_FORMAT[form]
        case {"pattern": pattern}:
            return BY_PATTERN.get(pattern, name.replace("_", "-"))
        case {"type": "boolean"}:
            return True
        case {"type": "integer"}:
            return max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
        case _:
            raise AssertionError(f"no sample of {name} is known: {schema}")
