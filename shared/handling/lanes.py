"""Who waits goes on together as soon as the way is free; a second way opens where one is slow."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Hashable, Sequence
from typing import Any, Final, Generic, TypeVar

GROUP_MAX: Final = 100
LANES_MAX: Final = 4
PATIENCE_S: Final = 0.1
"""How long anybody waits for a group that is under way before another is begun beside it."""

T = TypeVar("T")


class Lanes(Generic[T]):
    """Hands over what waits, in its order; never two of the same key in one group."""

    def __init__(
        self,
        go: Callable[[Sequence[T]], Coroutine[Any, Any, None]],
        key: Callable[[T], Hashable],
    ) -> None:
        self._go = go
        self._key = key
        self._waiting: deque[T] = deque()
        self._under_way: dict[asyncio.Task[None], float] = {}
        self._patience: asyncio.TimerHandle | None = None

    def put(self, one: T) -> None:
        self._waiting.append(one)
        self._go_on()

    def _go_on(self) -> None:
        if not self._waiting or len(self._under_way) == LANES_MAX:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        until = max(self._under_way.values(), default=now) + PATIENCE_S if self._under_way else now
        if until <= now:
            self._begin(now)
        elif self._patience is None:
            self._patience = loop.call_at(until, self._lose_patience)

    def _lose_patience(self) -> None:
        self._patience = None
        self._go_on()

    def _begin(self, now: float) -> None:
        task = asyncio.create_task(self._go(self._take()))
        self._under_way[task] = now
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._go_on()
        if not task.cancelled():
            task.result()

    def _take(self) -> Sequence[T]:
        taken: dict[Hashable, T] = {}
        put_off: list[T] = []
        while self._waiting and len(taken) < GROUP_MAX:
            one = self._waiting.popleft()
            if self._key(one) in taken:
                put_off.append(one)
            else:
                taken[self._key(one)] = one
        self._waiting.extendleft(reversed(put_off))
        return list(taken.values())
