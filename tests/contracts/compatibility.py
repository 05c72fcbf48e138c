"""What may change in a published event: nothing but a new field that nobody need send.

The log is kept for ever and read by old code and new, so a change has to be safe both ways: what
lies in the log must load tomorrow, and what is sent tomorrow must load where nothing was upgraded
yet. What is more is a new version of the type. (A package for this was tried. It judges one way at
a time and takes no notice of patterns, which hold most of what these contracts promise.)
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Json = Mapping[str, Any]

WORDS: Final = frozenset({"title", "description", "examples"})
"""What tells people something and readers nothing."""
NOTHING: Final = object()


def breaking(released: Json, current: Json) -> list[str]:
    """Say what in a topic would break somebody; no lines where nothing would."""
    return list(_topic(released, current))


def _topic(released: Json, current: Json) -> Iterator[str]:
    if released["topic"] != current["topic"]:
        yield f"the topic {released['topic']} is {current['topic']}"
    for name, before in released["events"].items():
        after = current["events"].get(name)
        if after is None:
            yield f"{name} is gone, and stands in the log"
            continue
        for what in ("stream", "key"):
            if before[what] != after[what]:
                yield f"{name}: its {what} was {before[what]} and is {after[what]}"
        old, new = (
            _resolved(event["schema"], topic["$defs"])
            for event, topic in ((before, released), (after, current))
        )
        yield from _changes(name, old, new)


def _resolved(schema: Any, models: Json) -> Any:  # noqa: ANN401  any JSON
    """The schema without references and without words."""
    if isinstance(schema, list):
        return [_resolved(part, models) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:
        own = {name: value for name, value in schema.items() if name != "$ref"}
        schema = {**models[schema["$ref"].rpartition("/")[2]], **own}
    # A field may be called `title`: below `properties` all names are fields.
    return {
        name: {field: _resolved(value, models) for field, value in part.items()}
        if name == "properties"
        else _resolved(part, models)
        for name, part in schema.items()
        if name not in WORDS
    }


def _changes(where: str, before: Any, after: Any) -> Iterator[str]:  # noqa: ANN401  any JSON
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _changes(f"{where}[{position}]", old, new)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _fields(where, before, after)
        for name in sorted((before.keys() | after.keys()) - {"properties", "required"}):
            old, new = before.get(name, NOTHING), after.get(name, NOTHING)
            if name in ("enum", "type") and isinstance(old, list) and isinstance(new, list):
                old, new = sorted(old), sorted(new)
            yield from _changes(f"{where}.{name}", old, new)
    elif before != after:
        yield f"{where} was {_told(before)} and is {_told(after)}"


def _fields(where: str, before: Json, after: Json) -> Iterator[str]:
    old, new = before.get("properties", {}), after.get("properties", {})
    needed, needed_now = set(before.get("required", [])), set(after.get("required", []))
    for field in sorted(old.keys() - new.keys()):
        yield f"{where}.{field} is gone"
    for field in sorted(needed_now - needed):
        yield f"{where}.{field} is required now, and older events may lack it"
    for field in sorted((needed - needed_now) & new.keys()):
        yield f"{where}.{field} is no longer required, and older readers need it"
    for field in sorted(old.keys() & new.keys()):
        yield from _changes(f"{where}.{field}", old[field], new[field])


def _told(value: object) -> str:
    return "nothing" if value is NOTHING else repr(value)
