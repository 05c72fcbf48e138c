"""Completes what FastAPI knows of an application to a whole OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Final

from shared.access.issuers import IssuerAway
from shared.handling import KeyReused
from shared.http.answers import CSV, Json, declare
from shared.http.examples import example
from shared.http.problems import Problem
from shared.http.refusals import (
    ApiKeyNeeded,
    ArrayTooLong,
    BodyUnreadable,
    BrokenCursor,
    DatabaseAway,
    InvalidRequest,
    LengthRequired,
    MediaTypeUnknown,
    NameTwice,
    NumberTooLarge,
    TextUnsound,
    TooDeep,
    TooLarge,
    TooManyRequests,
    TooManyWriters,
    TooSlow,
    Unexpected,
)
from shared.http.versions import VersionChanged
from shared.published import NotLookedYet, Restored
from shared.refusal import NotAllowed, NotFound, Refusal

METHODS: Final = ("get", "post", "put", "patch", "delete")
REFERENCE: Final = "#/components/schemas/{model}"
UNSOUND: Final = (
    *(BodyUnreadable, MediaTypeUnknown, TooSlow),
    *(NameTwice, TextUnsound, NumberTooLarge, TooDeep, ArrayTooLong),
)
LANGUAGE: Final[Json] = {
    "name": "Accept-Language",
    "in": "header",
    "description": "`ja` or `en`; Japanese where neither is named.",
    "schema": {"type": "string"},
    "example": "ja",
}
BOM: Final[Json] = {
    "name": "bom",
    "in": "query",
    "description": "Whether CSV begins with the mark by which a spreadsheet knows UTF-8.",
    "schema": {"type": "boolean", "default": False},
    "example": True,
}
REQUEST_ID: Final[Json] = {
    "name": "X-Request-Id",
    "in": "header",
    "description": "An id of your own, of at most 64 letters, digits and hyphens: it comes back, "
    "and every event that follows bears it as its correlation.",
    "schema": {"type": "string", "maxLength": 64},
    "example": "order-2026-04-17",
}
ANSWERED_ID: Final[Json] = {
    "description": "The request's id, to ask about it.",
    "schema": {"type": "string"},
    "example": "order-2026-04-17",
}
RETRY_AFTER: Final[Json] = {
    "description": "Seconds after which to come again.",
    "schema": {"type": "integer"},
    "example": 1,
}
LINK: Final[Json] = {
    "description": 'The next page: `<…>; rel="next"`. Missing on the last.',
    "schema": {"type": "string"},
}
STREAM: Final = 'id: yui.homes.v1:0=17\ndata: {"type": "homes.HomeRegistered.v1"}\n\n'
ETAG: Final[Json] = {
    "description": "The version that is told; to be sent in `If-Match` by whoever changes it.",
    "schema": {"type": "string"},
    "example": '"3"',
}
SECURITY: Final[Json] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An organisation's API key: `Authorization: Bearer yui_…`.",
    }
}


def completed(document: Json) -> Json:
    """The document with what every operation has: who may ask, what is refused, examples."""
    components = document.setdefault("components", {})
    models = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        models.pop(unused, None)
    described = Problem.model_json_schema(ref_template=REFERENCE)
    models |= described.pop("$defs")
    models["Problem"] = described
    components["securitySchemes"] = SECURITY
    components["parameters"] = {
        "AcceptLanguage": LANGUAGE,
        "RequestId": REQUEST_ID,
        "Bom": BOM,
    }
    components["headers"] = {
        "RequestId": ANSWERED_ID,
        "RetryAfter": RETRY_AFTER,
        "Link": LINK,
        "ETag": ETAG,
    }
    for path, operation in _operations(document):
        _complete(path, operation, models)
    return document


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, item[method]


def _complete(path: str, operation: Json, models: Mapping[str, Json]) -> None:
    responses = operation["responses"]
    responses.get("422", {}).get("content", {}).pop("application/json", None)
    declare(responses, _refusals(path, operation))
    operation.setdefault("parameters", [])
    operation["parameters"] += [
        {"$ref": "#/components/parameters/AcceptLanguage"},
        {"$ref": "#/components/parameters/RequestId"},
    ]
    if CSV in responses.get("200", {}).get("content", {}):
        operation["parameters"].append({"$ref": "#/components/parameters/Bom"})
    if path.startswith("/v1"):
        operation["security"] = [{"bearer": []}]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content.setdefault("example", example(content["schema"], models))
    for status, response in responses.items():
        _illustrate(status, response, models)
    told = responses.get("200", {}).get("content", {}).get("application/json", {}).get("example")
    if isinstance(told, dict) and "version" in told and "event_ids" not in told:
        responses["200"]["headers"]["ETag"] = {"$ref": "#/components/headers/ETag"}


def _illustrate(status: str, response: Json, models: Mapping[str, Json]) -> None:
    headers = response.setdefault("headers", {})
    headers["X-Request-Id"] = {"$ref": "#/components/headers/RequestId"}
    if status in ("429", "503"):
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    for kind, content in response.get("content", {}).items():
        if kind == "text/event-stream":
            # What FastAPI says of each event is OpenAPI 3.2.
            content.pop("itemSchema", None)
            content |= {"schema": {"type": "string"}, "example": STREAM}
        if kind == CSV:
            headers["Link"] = {"$ref": "#/components/headers/Link"}
        if "examples" not in content and content.get("schema"):
            content.setdefault("example", example(content["schema"], models))


def _refusals(path: str, operation: Json) -> Iterator[type[Refusal]]:
    """What an operation may refuse as any other of its kind may."""
    parameters = {(one["in"], one["name"].lower()) for one in operation.get("parameters", ())}
    writes = ("header", "idempotency-key") in parameters
    yield from (LengthRequired, TooLarge, Unexpected)
    if path.startswith("/v1"):
        yield from (ApiKeyNeeded, NotAllowed, TooManyRequests, DatabaseAway, IssuerAway)
    if parameters or "requestBody" in operation:
        yield InvalidRequest
    named = {("query", "home_id"), ("query", "organisation_id")} & set(parameters)
    if named or any(place == "path" for place, _ in parameters):
        yield NotFound
    if ("query", "cursor") in parameters:
        yield BrokenCursor
    if "requestBody" in operation:
        yield from UNSOUND
    if ("header", "if-match") in parameters:
        yield VersionChanged
    if writes:
        yield from (KeyReused, TooManyWriters, NotLookedYet, Restored)
