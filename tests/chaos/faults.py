"""What happens to the processes: killed, stopped and woken as zombies, told things twice."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Final

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy import topics
from tests.chaos.plan import KAFKA, POSTGRES, Plan
from tests.support.kafka_fault_proxy import Way
from tests.support.stack import ServiceProcess, Stack

AWAY_S: Final = (0.0, 2.0)
GUARD_S: Final = 0.2
MOVED_S: Final = 16.0
"""Longer than a group waits for a member that says nothing."""
LOOK_S: Final = 0.5
REPEAT_S: Final = (0.5, 3.0)
TOLD_TWICE: Final = 20

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


@dataclass
class Faults:
    plan: Plan
    stack: Stack
    processes: dict[str, ServiceProcess]
    kills: Counter[str] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)
    busy: set[str] = field(default_factory=set)
    """Down or stopped on purpose."""

    async def strike(self, done: Callable[[int], None]) -> None:
        """Kill as often as planned, with pauses, and do the rest beside it."""
        repeats = asyncio.create_task(self._tell_twice_again_and_again())
        zombies = asyncio.create_task(self._zombies())
        try:
            await self._kill_all(done)
            await zombies
            if repeats.done():
                repeats.result()
        finally:
            for task in (repeats, zombies):
                task.cancel()
            await asyncio.gather(repeats, zombies, return_exceptions=True)

    async def _kill_all(self, done: Callable[[int], None]) -> None:
        choices = self.plan.choices("kills")
        anyone = (*self.processes, KAFKA, POSTGRES)
        in_turn = cycle(self.plan.in_turn)
        for number in range(1, self.plan.kills + 1):
            await asyncio.sleep(choices.uniform(*self.plan.pause_s))
            victims = [name for name in anyone if name not in self.busy]
            victim = next(in_turn, None) or choices.choice(victims)
            await self.kill(victim, choices.uniform(*AWAY_S))
            done(number)

    async def kill(self, victim: str, away_s: float) -> None:
        if victim in {KAFKA, POSTGRES}:
            self.kills[victim] += 1
            await self.stack.kill(victim)
            return
        if victim in self.busy:
            return
        self.busy.add(victim)
        self.kills[victim] += 1
        self.processes[victim].kill()
        await asyncio.sleep(away_s)
        self.processes[victim].launch()
        self.busy.discard(victim)

    async def keep_running(self) -> None:
        """Start again what has ended by itself, as the process manager does."""
        while True:
            for name, process in self.processes.items():
                ended = process.process is not None and process.process.poll() is not None
                if ended and name not in self.busy:
                    self.other[f"{name} ended by itself and was started again"] += 1
                    process.launch()
            await asyncio.sleep(GUARD_S)

    async def _tell_twice_again_and_again(self) -> None:
        choices = self.plan.choices("repeats")
        while True:
            await asyncio.sleep(choices.uniform(*REPEAT_S))
            # The broker may be away at that very moment.
            with suppress(KafkaError, OSError, TimeoutError, AssertionError):
                await self.tell_twice(choices)

    async def tell_twice(self, choices: random.Random, times: int = 1) -> None:
        """Send records again as they are, as a relay may do after a lost answer."""
        bootstrap = self.stack.kafka_bootstrap
        async with (
            _closed_after(AIOKafkaConsumer(bootstrap_servers=bootstrap)) as consumer,
            _closed_after(AIOKafkaProducer(bootstrap_servers=bootstrap)) as producer,
        ):
            ends = await consumer.end_offsets(
                [
                    TopicPartition(topic, number)
                    for topic in topics.declared()
                    for number in range(topics.PARTITIONS)
                ]
            )
            full = [tp for tp, end in sorted(ends.items()) if end]
            for tp in choices.choices(full, k=times) if full else ():
                consumer.assign([tp])
                consumer.seek(tp, choices.randrange(ends[tp]))
                fetched = await consumer.getmany(timeout_ms=1000, max_records=TOLD_TWICE)
                for one in fetched.get(tp, []):
                    await producer.send_and_wait(
                        one.topic,
                        one.value,
                        key=one.key,
                        headers=list(one.headers),
                        partition=one.partition,
                    )
                    self.other["records sent twice"] += 1

    async def _zombies(self) -> None:
        choices = self.plan.choices("zombies")
        doubled = [name for name in self.processes if name in self.plan.doubled]
        for _ in range(self.plan.zombies if doubled else 0):
            await asyncio.sleep(choices.uniform(1, 5))
            await self.make_zombie(choices.choice(doubled))

    async def make_zombie(self, name: str) -> None:
        """Stop a process where it stands until its partitions have moved, and let it go on."""
        process = self.processes[name].process
        if name in self.busy or process is None:
            return
        self.busy.add(name)
        try:
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                os.kill(process.pid, signal.SIGSTOP)
                moved = await self._group_went_on_without(name)
                self.other[f"zombies of {name}{', partitions moved' if moved else ''}"] += 1
                os.kill(process.pid, signal.SIGCONT)
        finally:
            self.busy.discard(name)

    async def _group_went_on_without(self, group: str) -> bool:
        """Whether the group has settled with fewer members than before."""
        before = await self._members(group)
        with suppress(TimeoutError):
            async with asyncio.timeout(MOVED_S):
                while True:
                    now = await self._members(group)
                    if before is None:
                        before = now
                    elif now is not None and 0 < now < before:
                        return True
                    await asyncio.sleep(LOOK_S)
        return False

    async def _members(self, group: str) -> int | None:
        """Return how many members a stable group has; None where it is not, or nobody says."""
        client = AIOKafkaAdminClient(bootstrap_servers=self.stack.kafka_bootstrap)
        try:
            await client.start()
            [answer] = await client.describe_consumer_groups([group])
            _, _, state, _, _, members, *_ = answer.groups[0]
            return len(members) if state == "Stable" else None
        except (KafkaError, OSError, TimeoutError):
            return None
        finally:
            await client.close()


@asynccontextmanager
async def _closed_after(client: Any) -> AsyncIterator[Any]:  # noqa: ANN401  they ship no types
    """Close a client also where it could not start, which its own context manager does not."""
    try:
        await client.start()
        yield client
    finally:
        await client.stop()


def cutting(choices: random.Random) -> Callable[[Way, str], bool]:
    """Cut answers after the deed, and now and then a request before it."""

    def policy(way: Way, api: str) -> bool:
        often = CUT_ANSWERS.get(api, 0.0) if way == "response" else CUT_REQUESTS
        return choices.random() < often

    return policy
