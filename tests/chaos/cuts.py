"""Connections to Kafka cut on the way: the deed is done, and nobody is told."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from tests.support.kafka_fault_proxy import KafkaFaultProxy, Way, kafka_fault_proxy, never
from tests.support.stack import Stack

CUT_ANSWERS: Final = {
    "Produce": 0.04,
    "Fetch": 0.002,
    "OffsetCommit": 0.03,
    "JoinGroup": 0.03,
    "SyncGroup": 0.03,
    "Heartbeat": 0.005,
    "ListOffsets": 0.03,
    "InitProducerId": 0.05,
    "FindCoordinator": 0.03,
    "Metadata": 0.01,
}
CUT_REQUESTS: Final = 0.001


class Cuts:
    """A proxy before each broker."""

    def __init__(self, proxies: Sequence[KafkaFaultProxy]) -> None:
        self._proxies = proxies

    def begin(self, choices: random.Random) -> None:
        for proxy in self._proxies:
            proxy.policy = _cutting(choices)

    def end(self) -> None:
        for proxy in self._proxies:
            proxy.policy = never

    def counted(self) -> Counter[str]:
        counted: Counter[str] = Counter()
        for proxy in self._proxies:
            for (way, api), often in proxy.cuts.items():
                counted[f"{api} {way}"] += often
        return counted


@asynccontextmanager
async def cuts(stack: Stack) -> AsyncIterator[Cuts]:
    async with AsyncExitStack() as entered:
        proxies = [
            await entered.enter_async_context(kafka_fault_proxy(one.proxy_port, one.port))
            for one in stack.proxied
        ]
        yield Cuts(proxies)


def _cutting(choices: random.Random) -> Callable[[Way, str], bool]:
    """Cut answers after the deed, and now and then a request before it."""

    def policy(way: Way, api: str) -> bool:
        often = CUT_ANSWERS.get(api, 0.0) if way == "response" else CUT_REQUESTS
        return choices.random() < often

    return policy
