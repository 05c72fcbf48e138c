"""PostgreSQL ended while a batch is in its transaction: on purpose, not by luck."""

import random
from contextlib import suppress
from typing import Final

import asyncpg

from tests.chaos.holding import held_at
from tests.chaos.plan import POSTGRES
from tests.chaos.scene import Scene
from tests.support.eventually import assert_eventually

WAITS_S: Final = 30.0
AWAY: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


async def end_postgres_mid_batch(scene: Scene, choices: random.Random) -> bool:
    """Let a batch wait with its work done, and end the server under it; False: none came."""
    if POSTGRES in scene.busy:
        return False
    with scene.spared(POSTGRES), suppress(*AWAY, AssertionError):
        # What becomes of each event is the last that a batch writes: its effects are written then.
        async with held_at(scene.database, "ledger.outcome") as one_waits:
            await assert_eventually(one_waits, within_seconds=WAITS_S)
            if choices.random() < 0.5:
                await scene.stack.kill(POSTGRES)
            else:
                await scene.stack.restart(POSTGRES)
            return True
    return False
