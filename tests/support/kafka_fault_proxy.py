"""A proxy before Kafka that understands its frames: it can cut an answer off after the deed.

"Done, but the client never learns" is the fault that clients resend after: what breaks without an
idempotent producer, or with a consumer that counts on a commit, shows here and not with SIGKILL.
"""

import asyncio
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal, TypeAlias

LENGTH: Final = struct.Struct(">i")
REQUEST: Final = struct.Struct(">hhi")
"""Which API, in which version, and the number by which its answer is known."""
APIS: Final = {
    0: "Produce",
    1: "Fetch",
    2: "ListOffsets",
    3: "Metadata",
    8: "OffsetCommit",
    9: "OffsetFetch",
    10: "FindCoordinator",
    11: "JoinGroup",
    12: "Heartbeat",
    13: "LeaveGroup",
    14: "SyncGroup",
    18: "ApiVersions",
    22: "InitProducerId",
}

Way: TypeAlias = Literal["request", "response"]
Policy: TypeAlias = Callable[[Way, str], bool]
"""Whether the connection is cut instead of passing on what goes this way of this API."""


def never(_way: Way, _api: str) -> bool:
    return False


class Cut(Exception):
    """The policy said so."""


class KafkaFaultProxy:
    def __init__(self, target_port: int, policy: Policy = never) -> None:
        self.policy = policy
        self.cuts: Counter[tuple[Way, str]] = Counter()
        self._target_port = target_port

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until either side ends, or a cut does."""
        try:
            broker = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.close()
            return
        asked: dict[int, str] = {}
        ways = (
            asyncio.create_task(self._requests(reader, broker[1], asked)),
            asyncio.create_task(self._responses(broker[0], writer, asked)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, broker[1]):
                # At once: what was cut must not be flushed after all.
                end.transport.abort()

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[int, str]
    ) -> None:
        while True:
            frame = await _frame(reader)
            number, _, correlation = REQUEST.unpack_from(frame)
            api = APIS.get(number, str(number))
            asked[correlation] = api
            self._cut("request", api)
            writer.write(LENGTH.pack(len(frame)) + frame)
            await writer.drain()

    async def _responses(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[int, str]
    ) -> None:
        while True:
            frame = await _frame(reader)
            (correlation,) = LENGTH.unpack_from(frame)
            self._cut("response", asked.pop(correlation, "unasked"))
            writer.write(LENGTH.pack(len(frame)) + frame)
            await writer.drain()

    def _cut(self, way: Way, api: str) -> None:
        if self.policy(way, api):
            self.cuts[way, api] += 1
            raise Cut


async def _frame(reader: asyncio.StreamReader) -> bytes:
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    return await reader.readexactly(length)


@asynccontextmanager
async def kafka_fault_proxy(
    port: int, target_port: int, policy: Policy = never
) -> AsyncIterator[KafkaFaultProxy]:
    """Listen on `port` for clients of the broker that listens on `target_port`."""
    proxy = KafkaFaultProxy(target_port, policy)
    serving: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        # The task is the server's own: it must not end cancelled, or asyncio tells of it.
        with suppress(asyncio.CancelledError):
            await proxy.connect(reader, writer)
        serving.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    try:
        yield proxy
    finally:
        server.close()
        for task in list(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
