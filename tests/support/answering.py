"""What an answer tells, so that two of them can be held against each other."""

from collections.abc import Iterable

import httpx2


def told(response: httpx2.Response, asked: Iterable[str] = ()) -> tuple[int, bytes, object]:
    """All that tells one answer from another, but when it was given and the ids that were sent.

    `asked` are ids that were sent beside the path.
    """
    headers = {
        name: value
        for name, value in response.headers.items()
        if name not in {"date", "x-request-id"}
    }
    ids = {part for part in response.request.url.path.split("/") if len(part) > 12}
    content = b"" if "event-stream" in headers.get("content-type", "") else response.content
    for one in sorted({*ids, *asked}, key=len, reverse=True):
        content = content.replace(one.encode(), b"ID")
    return response.status_code, content, headers
