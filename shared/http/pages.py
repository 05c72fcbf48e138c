"""Lists: pages that go on after a cursor, as JSON or CSV."""

import base64
import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import Query, Request
from fastapi.responses import Response

from shared.http.refusals import BrokenCursor

ENCODER: Final = msgspec.json.Encoder()
LIMIT_MAX: Final = 500
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
Cursor = Annotated[str | None, Query(max_length=1000)]


def next_cursor(items: Sequence[Mapping[str, Any]], limit: int, *fields: str) -> str | None:
    """The place of the last item by these fields; none where the page was not filled."""
    return encode_cursor(*(items[-1][name] for name in fields)) if len(items) == limit else None


def encode_cursor(*place: Any) -> str:  # noqa: ANN401  any sort key
    return base64.urlsafe_b64encode(json.dumps(place, default=str).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, start: Sequence[Any]) -> Sequence[Any]:
    """The place to go on after; `start` where there is no cursor. A broken one is refused."""
    if cursor is None:
        return start
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        raise BrokenCursor from None
    kinds_differ = not isinstance(place, list) or [type(p) for p in place] != [
        type(s) for s in start
    ]
    if kinds_differ or not all(map(_storable, place)):
        raise BrokenCursor
    return place  # type: ignore[no-any-return]  # checked above


def cut(
    items: Iterable[Mapping[str, Any]], cursor: str | None, limit: int, *fields: str
) -> tuple[list[Mapping[str, Any]], str | None]:
    """A page, and where it goes on, of a list that is at hand whole, in the order of its fields.

    What is added or changed meanwhile shifts nothing: the place is what the fields say, as text.
    """

    def place(item: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple("" if item[name] is None else str(item[name]) for name in fields)

    if cursor is not None:
        after = tuple(decode_cursor(cursor, [""] * len(fields)))
        items = (item for item in items if place(item) > after)
    found = sorted(items, key=place)[:limit]
    going_on = encode_cursor(*place(found[-1])) if len(found) == limit else None
    return found, going_on


def _storable(value: Any) -> bool:  # noqa: ANN401  any sort key
    """Whether PostgreSQL can compare with it: nobody but a forger sends another."""
    if isinstance(value, str):
        return value.isprintable()
    return not isinstance(value, int) or abs(value) < 2**63


def page(
    request: Request,
    items: Sequence[Mapping[str, Any]],
    next_cursor: str | None,
    **beside: Any,  # noqa: ANN401  any JSON
) -> Response:
    """A page as the caller wants it: `Accept: text/csv` gives CSV, the cursor in `Link`.

    What stands `beside` the items has no place in a table.
    """
    if "text/csv" in request.headers.get("accept", ""):
        response = table(items, bom=wants_bom(request))
    else:
        told = {**beside, "items": items, "next_cursor": next_cursor}
        response = Response(ENCODER.encode(told), media_type="application/json")
    if next_cursor is not None:
        url = request.url.include_query_params(cursor=next_cursor)
        response.headers["Link"] = f'<{url}>; rel="next"'
    return response


def wants_bom(request: Request) -> bool:
    """Whether CSV shall begin with a mark by which a spreadsheet knows UTF-8: `?bom=true`."""
    return request.query_params.get("bom", "").lower() in {"true", "1"}


def table(items: Sequence[Mapping[str, Any]], *, bom: bool = False) -> Response:
    """All of a list as CSV; the first line's fields are its columns."""
    text = ("\ufeff" if bom else "") + _csv(items)
    return Response(text, media_type="text/csv; charset=utf-8")


def _csv(items: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    if items:
        writer = csv.DictWriter(text, fieldnames=list(items[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in item.items()} for item in items)
    return text.getvalue()


def _cell(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """A spreadsheet must not take what somebody wrote for a formula."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
