"""Waiting for something to become true, with a deadline instead of a sleep."""

import asyncio
import time
from collections.abc import Awaitable, Callable

POLL_SECONDS = 0.05


async def assert_eventually(
    holds: Callable[[], Awaitable[object]], *, within_seconds: float = 10, why: str = ""
) -> None:
    """Ask again and again until the answer is true, or no longer raises AssertionError.

    A condition is `async def` and either returns something truthy or asserts; the last answer
    is told when the time is up.
    """
    deadline = time.monotonic() + within_seconds
    while True:
        answer = await _asked(holds)
        if answer is None:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_seconds} s: {why or answer}")
        await asyncio.sleep(POLL_SECONDS)


async def _asked(holds: Callable[[], Awaitable[object]]) -> str | None:
    """Return what is still wrong, or None if it holds."""
    try:
        answer = await holds()
    except AssertionError as error:
        return str(error) or "an assertion fails"
    return None if answer or answer is None else f"the last answer was {answer!r}"
