"""What was found out lately, and is not asked again until it may have changed."""

import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

SECONDS: Final = 2.0
"""Who cannot be told of a change believes what it knew no longer than this."""
SIZE_MAX: Final = 20_000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps what was found, never that nothing was: what is new is seen at once."""

    def __init__(self, *, seconds: float = SECONDS, size_max: int = SIZE_MAX) -> None:
        self._seconds = seconds
        self._size_max = size_max
        self._found: dict[K, tuple[V, float]] = {}
        self._forgotten = 0

    async def get(self, key: K, ask: Callable[[], Awaitable[V | None]]) -> V | None:
        known = self._found.get(key)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        until, forgotten = time.monotonic() + self._seconds, self._forgotten
        value = await ask()
        # What was asked before a change is not kept after it.
        if value is not None and forgotten == self._forgotten:
            if len(self._found) >= self._size_max:
                self._found.clear()
            self._found[key] = value, until
        return value

    def forget(self) -> None:
        """Believe nothing any more: something has changed."""
        self._found.clear()
        self._forgotten += 1
