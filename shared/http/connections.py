"""Connections: how many a process holds, and how long one may take to say what it wants."""

import asyncio
import resource
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S_MAX: Final = 15.0
"""From the connection to the first request's whole head."""


class Patient(HttpToolsProtocol):
    """uvicorn's own protocol, which alone would wait for ever for the first request."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  as uvicorn's
        super().connection_made(transport)
        self._patience = self.loop.call_later(HEAD_S_MAX, transport.close)

    def on_headers_complete(self) -> None:
        self._calm()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm()
        super().connection_lost(exc)

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()


def hold_as_many_as_allowed() -> None:
    """Raise this process's limit of open files to what the system grants it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
