"""Requests to every endpoint, with a marked name wherever one may be taken."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, quote_plus

from tests.access.endpoints import Endpoint, Json
from tests.access.world import Things

NAME: Final = "Marked Hanako 印山田花子"
SPELLINGS: Final = tuple(
    text
    for word in ("印山田花子", "Marked Hanako")
    for text in {
        *(word, word.encode().hex(), word.encode("unicode_escape").decode()),
        *(quote(word), quote_plus(word)),
    }
)
HEADERS: Final = dict.fromkeys(("User-Agent", "Referer", "X-Request-Id", "traceparent"), NAME)
"""Whatever may find its way into a log or a trace."""


@dataclass(frozen=True)
class Sent:
    """A request, beside its method and who asks."""

    path: str
    more: Mapping[str, Any] = field(default_factory=dict)
    """As httpx2 names it."""
    headers: Mapping[str, str] = field(default_factory=dict)


def found_in(text: str) -> set[str]:
    return {spelling for spelling in SPELLINGS if spelling in text}


def requests(endpoint: Endpoint, things: Things) -> Iterator[Sent]:
    """The name as an id, as each parameter, in bodies that fit and that do not, and in a sheet."""
    path = endpoint.url(things)
    yield Sent(endpoint.url(dict.fromkeys(endpoint.ids, NAME)), _body(endpoint, things))
    yield Sent(path, {"params": dict.fromkeys(_asked(endpoint), NAME)})
    yield Sent(path, {"params": {**endpoint.query(), NAME: NAME}}, {"Accept": "text/csv"})
    yield Sent(path, _body(endpoint, things), {"Idempotency-Key": NAME})
    for body in _bodies(endpoint, things):
        yield Sent(path, {"json": body})
    for sheet in _sheets(endpoint):
        yield Sent(path, {"content": sheet.encode()}, {"Content-Type": "text/csv"})


def _asked(endpoint: Endpoint) -> list[str]:
    parameters = endpoint.operation.get("parameters", ())
    return [one["name"] for one in parameters if one.get("in") == "query"]


def _body(endpoint: Endpoint, things: Things) -> dict[str, Any]:
    is_json = "application/json" in endpoint.operation.get("requestBody", {}).get("content", {})
    return {"json": endpoint.body(things)} if is_json else {}


def _bodies(endpoint: Endpoint, things: Things) -> Iterator[Any]:
    content = endpoint.operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return
    least, schema = endpoint.body(things), content["schema"]
    # Wherever text of one's own is taken, it is the name, and all of it is accepted.
    yield {**least, **dict.fromkeys(_free(schema, endpoint.models), NAME)}
    yield _named(schema, endpoint.models)
    yield {**least, NAME: NAME}
    yield NAME


def _free(schema: Json, models: Json) -> Iterator[str]:
    for name, part in _resolved(schema, models).get("properties", {}).items():
        ways = [_resolved(one, models) for one in part.get("anyOf", [part])]
        if any(way.get("type") == "string" and not _is_bound(way) for way in ways):
            yield name


def _is_bound(schema: Json) -> bool:
    return bool({"pattern", "format", "enum", "const"} & set(schema))


def _named(schema: Json, models: Json) -> Any:  # noqa: ANN401  any JSON
    """What has the right shape, and the name in each place of it."""
    match _resolved(schema, models):
        case {"properties": fields}:
            return {name: _named(part, models) for name, part in fields.items()}
        case {"anyOf": [first, *_]} | {"allOf": [first, *_]}:
            return _named(first, models)
        case {"type": "array", "items": items}:
            return [_named(items, models)]
        case _:
            return NAME


def _resolved(schema: Json, models: Json) -> Json:
    if "$ref" not in schema:
        return schema
    found: Json = models[schema["$ref"].rpartition("/")[2]]
    return found


def _sheets(endpoint: Endpoint) -> Iterator[str]:
    """One with the name in each cell, and one whose first row is somebody already."""
    body = endpoint.operation.get("requestBody", {})
    if "text/csv" in body.get("content", {}):
        _, _, said = body["description"].partition(": ")
        columns = [column.strip("`") for column in said.split(", ")]
        yield f"{','.join(columns)}\r\n{','.join([NAME] * len(columns))}\r\n"
        yield f"{NAME},2011-08\r\n{NAME},2011-08\r\n"
