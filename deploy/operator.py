"""The operator's side of the services' HTTP APIs: keys, events, parked records."""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Self

import httpx2

from deploy.problem import Problem

TIMEOUT_SECONDS = 30
Json = dict[str, Any]


class Api:
    """One service's API, called with the operator's key."""

    def __init__(self, service: str, address: str, operator_key: str) -> None:
        self.service = service
        self._client = httpx2.Client(
            base_url=address,
            headers={"Authorization": f"Bearer {operator_key}"},
            timeout=TIMEOUT_SECONDS,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_cause: object) -> None:
        self._client.close()

    def get(self, path: str, **query: str | int | None) -> Json:
        asked = {key: value for key, value in query.items() if value is not None}
        return self._ask("GET", path, params=asked)

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Json:
        # A new key for each call: an operator who types a command again means it again.
        headers = {"Idempotency-Key": secrets.token_urlsafe(16)}
        return self._ask("POST", path, json=dict(body or {}), headers=headers)

    def delete(self, path: str) -> Json:
        return self._ask("DELETE", path, headers={"Idempotency-Key": secrets.token_urlsafe(16)})

    def items(self, path: str, limit: int, **query: str | int | None) -> Iterator[Json]:
        """Yield up to `limit` items of a list, page after page."""
        cursor: str | None = None
        while limit > 0:
            page = self.get(path, **query, limit=min(limit, 100), cursor=cursor)
            found = page.get("items", [])[:limit]
            yield from found
            limit -= len(found)
            cursor = page.get("next_cursor")
            if not found or cursor is None:
                return

    def _ask(self, method: str, path: str, **options: Any) -> Json:  # noqa: ANN401 - as httpx2's
        try:
            response = self._client.request(method, path, **options)
        except httpx2.TransportError as error:
            raise Problem(
                f"{self.service} does not answer at {self._client.base_url}",
                "Look at `yui status`, start it with `yui up`",
            ) from error
        try:
            body = response.json()
        except ValueError:
            body = {}
        if response.is_error:
            raise _refused(self.service, response.status_code, body)
        return body if isinstance(body, dict) else {"items": body}


def _refused(service: str, status: int, body: object) -> Problem:
    said = body if isinstance(body, dict) else {}
    words = [str(said[key]) for key in ("title", "detail") if said.get(key)]
    mend = {
        401: "Services learn keys from organisations: see in `yui status` that it runs",
        404: "Check the id",
    }.get(status, "Mend what it says and try again")
    return Problem(f"{service} refused ({status}): {': '.join(words) or 'without a reason'}", mend)
