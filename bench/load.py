"""A load that costs little itself: clients on raw connections, each asking when it was answered.

An HTTP client made for people would need more of the two cores than the service it measures.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, cast

END_OF_HEAD: Final = b"\r\n\r\n"
LENGTH: Final = b"content-length: "


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, ready to be sent, and the key that it bears."""

    idempotency_key: str
    request: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """A request that was accepted, and the body of its answer."""

    idempotency_key: str
    answer: bytes


@dataclass(slots=True)
class Run:
    """What some clients were answered in some time."""

    seconds: float
    answered_ms: list[float]

    @property
    def per_s(self) -> float:
        return len(self.answered_ms) / self.seconds

    def percentile_ms(self, percent: int) -> float:
        return statistics.quantiles(self.answered_ms, n=100, method="inclusive")[percent - 1]


@dataclass
class Load:
    """Sends what `asks` gives to a port of this machine; every answer must be a 2xx."""

    port: int
    asks: Iterator[Ask]
    taken: list[Taken] = field(default_factory=list)

    async def run(self, clients: int, seconds: float) -> Run:
        began = time.perf_counter()
        answered_ms: list[float] = []
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                _, client = await loop.create_connection(
                    lambda: _Client(self, answered_ms, began + seconds), "127.0.0.1", self.port
                )
                group.create_task(_until(client.done))
        return Run(time.perf_counter() - began, answered_ms)


async def _until(done: asyncio.Future[None]) -> None:
    await done


class _Client(asyncio.Protocol):
    def __init__(self, load: Load, answered_ms: list[float], until: float) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._load = load
        self._answered_ms = answered_ms
        self._until = until
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is none by name
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(END_OF_HEAD)
        if not found or len(body) < _length(head):
            return
        now = time.perf_counter()
        if not head.startswith(b"HTTP/1.1 2"):
            self._end(RuntimeError(self._received.decode()))
            return
        self._answered_ms.append((now - self._asked_at) * 1000)
        self._load.taken.append(Taken(self._asked.idempotency_key, body))
        self._received = b""
        if now < self._until:
            self._ask()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionResetError("closed without an answer"))

    def _ask(self) -> None:
        self._asked = next(self._load.asks)
        self._asked_at = time.perf_counter()
        self._transport.write(self._asked.request)

    def _end(self, fault: Exception | None) -> None:
        if fault is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(fault)
        self._transport.close()


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(LENGTH)
    return int(rest.partition(b"\r\n")[0])
