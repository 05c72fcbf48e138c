"""What is done beside the kills, and how often. What acts on a new thing is added here.

An act returns whether it has come about: only then does it count, and else it is tried again.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from tests.chaos.emptying import empty_a_topic
from tests.chaos.interrupting import end_postgres_mid_batch
from tests.chaos.putting_back import put_postgres_back
from tests.chaos.rebuilding import rebuild_meanwhile
from tests.chaos.repeats import tell_twice_if_kafka_answers
from tests.chaos.scene import Scene
from tests.chaos.sealing import seal_a_month
from tests.chaos.zombies import make_zombie

Act: TypeAlias = Callable[[Scene, random.Random], Awaitable[bool]]

TRIED_S: Final = 150.0
"""For so long each time: a server may be away, or nothing may come just then."""


@dataclass(frozen=True)
class Beside:
    """Done while others are killed."""

    act: Act
    per_kills: int
    """Once for so many kills, and once more."""
    pause_s: tuple[float, float] = (1.0, 5.0)


@dataclass(frozen=True)
class Between:
    """Done between two kills, where nothing else is done; it pauses who writes as it needs."""

    act: Act
    per_kills: int


BESIDE: Final[Mapping[str, Beside]] = {
    "zombies whose partitions had moved": Beside(make_zombie, 15),
    "PostgreSQL ended in the middle of a batch": Beside(end_postgres_mid_batch, 15),
    "a second ledger rebuilt": Beside(rebuild_meanwhile, 15),
}
LOSING: Final[Mapping[str, Between]] = {
    "a topic made anew, and refilled": Between(empty_a_topic, 50),
    "PostgreSQL put back, and recalled": Between(put_postgres_back, 50),
}
"""A server loses what it had; a run of its own tests each."""
BETWEEN: Final[Mapping[str, Between]] = {
    **LOSING,
    "a month sealed although its ledgers were killed": Between(seal_a_month, 50),
}
EVERYTHING: Final = {**BESIDE, **BETWEEN}
ALWAYS: Final = Beside(tell_twice_if_kafka_answers, 1, (0.5, 3.0))


def planned(kills: int) -> dict[str, int]:
    """How often each is done in a run of so many kills."""
    often = {name: 1 + kills // one.per_kills for name, one in BESIDE.items()}
    return often | {name: kills // one.per_kills for name, one in BETWEEN.items()}
