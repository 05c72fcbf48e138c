"""Everything that one run of chaos has in hand: what acts and kills are done to."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Final

import httpx2
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy import topics
from deploy.database import Database
from shared.kafka import reaching
from tests.chaos.caller import Journal
from tests.chaos.plan import POSTGRES, SECOND, Plan
from tests.chaos.turnstile import Turnstile
from tests.support.eventually import assert_eventually
from tests.support.stack import ServiceProcess, Stack

READY_S: Final = 150.0
"""A broker that was killed needs seconds; on a machine with other work, minutes."""


@dataclass
class Scene:
    plan: Plan
    stack: Stack
    database: Database
    journal: Journal
    processes: dict[str, ServiceProcess]
    kills: Counter[str] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)
    busy: set[str] = field(default_factory=set)
    """Down or stopped on purpose."""
    writers: Turnstile = field(default_factory=Turnstile)
    beside: Turnstile = field(default_factory=Turnstile)
    """Whatever is done beside the kills."""

    def __post_init__(self) -> None:
        self.in_turn = cycle(self.plan.in_turn)

    @property
    def brokers(self) -> Sequence[str]:
        return list(self.stack.kafka.listening())

    @property
    def anyone(self) -> Sequence[str]:
        """Return whoever may be killed now."""
        everyone = (*self.processes, *self.brokers, POSTGRES)
        return [name for name in everyone if name not in self.busy]

    def copies(self, service: str) -> Sequence[str]:
        return [name for name in self.processes if name.removesuffix(SECOND) == service]

    @contextmanager
    def spared(self, *names: str) -> Iterator[None]:
        """Let nobody else lay hands on these."""
        self.busy.update(names)
        try:
            yield
        finally:
            self.busy.difference_update(names)

    @asynccontextmanager
    async def calm(self) -> AsyncIterator[None]:
        """Wait until nobody writes and nothing is done beside, and let nobody begin."""
        async with self.beside.alone(), self.writers.alone():
            yield

    async def all_ready(self, within_seconds: float = READY_S) -> None:
        for name in self.processes:

            async def is_ready(name: str = name) -> None:
                response = await self.readiness(name)
                assert response is not None, f"{name} does not answer"
                assert response.is_success, f"{name}: {response.text}"

            await assert_eventually(is_ready, within_seconds=within_seconds)

    async def readiness(self, name: str) -> httpx2.Response | None:
        """Return what a process says of itself; None where it is away."""
        async with httpx2.AsyncClient(timeout=5) as client:
            with suppress(httpx2.HTTPError):
                return await client.get(f"{self.processes[name].url}/readyz")
        return None

    async def checks(self, name: str) -> dict[str, Any]:
        response = await self.readiness(name)
        return {} if response is None else dict(response.json().get("checks", {}))

    async def may_lose_a_broker(self) -> bool:
        """Whether every broker holds all, so that those that are left can go on."""
        copies = self.stack.kafka.replication
        if copies == 1:
            return True
        client = AIOKafkaAdminClient(**reaching(self.stack.kafka_bootstrap))
        try:
            await client.start()
            described = await client.describe_topics([*topics.declared(), "__consumer_offsets"])
        except (KafkaError, OSError, TimeoutError):
            return False
        finally:
            await client.close()
        parts = [part for topic in described for part in topic["partitions"]]
        return all(len(part["isr"]) == copies for part in parts)
