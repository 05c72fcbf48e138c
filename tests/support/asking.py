"""Asking a service over HTTP as one organisation."""

from typing import Any

import httpx2

from shared.access.keys import ApiKey
from shared.ids import new_opaque_id


class Caller:
    """One organisation's client of one service; each POST is a request of its own."""

    def __init__(self, url: str, key: ApiKey | str) -> None:
        self._url = url
        self._key = str(key)

    async def post(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        again: str | None = None,
        if_match: str = "*",
    ) -> httpx2.Response:
        """Ask; `again` is the idempotency key of a request that may have been made before."""
        headers = {"Idempotency-Key": again or new_opaque_id(), "If-Match": if_match}
        return await self._ask("POST", path, json=body or {}, headers=headers)

    async def delete(self, path: str) -> httpx2.Response:
        return await self._ask("DELETE", path, headers={"Idempotency-Key": new_opaque_id()})

    async def get(self, path: str) -> httpx2.Response:
        return await self._ask("GET", path)

    async def done(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Post what must succeed, and return the answer."""
        response = await self.post(path, body)
        assert response.is_success, f"{path}: {response.status_code} {response.text}"
        return dict(response.json())

    async def read(self, path: str) -> dict[str, Any]:
        response = await self.get(path)
        assert response.is_success, f"{path}: {response.status_code} {response.text}"
        return dict(response.json())

    async def refused(self, path: str, body: dict[str, Any] | None = None) -> str:
        """Post what must be refused, and return the rule that refuses it."""
        response = await self.post(path, body)
        assert response.is_client_error, f"{path}: {response.status_code} {response.text}"
        return str(response.json()["type"]).removeprefix("urn:yui:problem:")

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        **more: Any,  # noqa: ANN401  as httpx2's
    ) -> httpx2.Response:
        opening = {"Authorization": f"Bearer {self._key}", **(headers or {})}
        async with httpx2.AsyncClient(base_url=self._url, timeout=30) as client:
            return await client.request(method, path, headers=opening, **more)
