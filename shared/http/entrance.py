"""What stands before a request is read: how long, how deep and how slow it may be."""

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import Receive

from shared.http.bodies import unsound
from shared.http.refusals import LengthRequired, MediaTypeUnknown, TooLarge, TooSlow
from shared.refusal import Refusal

BODY_BYTES_MAX: Final = 1024 * 1024
BODY_S_MAX: Final = 15.0
"""From the head to the last byte."""
JSON: Final = "application/json"
CSV: Final = "text/csv"
SHEETS: Final = ":import"
"""What takes a sheet bears this at the end of its path."""

Admitted = tuple[type[Refusal] | None, Receive]


async def admitted(path: str, headers: Headers, receive: Receive) -> Admitted:
    """Read the body, and say what refuses it; whoever is behind reads what was read here."""
    if "transfer-encoding" in headers:
        return LengthRequired, receive
    length = headers.get("content-length", "0")
    if length == "0":
        return None, receive
    if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
        return TooLarge, receive
    kind = headers.get("content-type", "")
    is_sheet = path.endswith(SHEETS) and kind.lower().startswith(CSV)
    if not is_sheet and not _is_json(kind):
        return MediaTypeUnknown, receive
    try:
        async with asyncio.timeout(BODY_S_MAX):
            body = await _read(receive)
    except TimeoutError:
        return TooSlow, receive
    if body is None:
        return None, receive  # whoever asked has gone
    return None if is_sheet else unsound(body), _again(body, receive)


def _is_json(content_type: str) -> bool:
    kind, _, parameters = content_type.lower().partition(";")
    charset = parameters.strip().removeprefix("charset=").strip('"')
    return kind.strip() == JSON and charset in {"", "utf-8"}


async def _read(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    first = [body]

    async def read_again() -> MutableMapping[str, Any]:
        if first:
            return {"type": "http.request", "body": first.pop(), "more_body": False}
        return await receive()

    return read_again
