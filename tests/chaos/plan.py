"""What one run of chaos does: how often, to whom, and from which seed its choices follow."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from deploy.services import present

POSTGRES: Final = "postgres"
SECOND: Final = " (second copy)"
"""A second process of the same service shares its partitions."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    kills: int
    seed: int
    clients: int = 6
    homes: int = 4
    pause_s: tuple[float, float] = (0.2, 2.5)
    """Between one kill and the next."""
    doubled: tuple[str, ...] = ("ledger",)
    """Services that run twice."""
    in_turn: tuple[str, ...] = ()
    """Who is killed, one after the other; none named: anyone, at random."""
    acts: Mapping[str, int] = field(default_factory=dict)
    """How often each act is done, by its name: `tests.chaos.acts`."""
    sabotaged: Mapping[str, str] = field(default_factory=dict)
    """Services that run with one guard taken out, and which."""
    settle_s: float = 60.0

    def services(self) -> tuple[str, ...]:
        return tuple(service.name for service in present())

    def choices(self, what: str) -> random.Random:
        """Return the choices of one part of the run: the seed fixes them, whoever runs first."""
        return random.Random(f"{self.seed}/{what}")
