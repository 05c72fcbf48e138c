"""PostgreSQL ended while a batch is in its transaction: on purpose, not by luck."""

import random
from contextlib import suppress
from typing import Final

import asyncpg

from tests.chaos.plan import POSTGRES
from tests.chaos.scene import Scene
from tests.support.eventually import assert_eventually

WAITS_S: Final = 30.0

HOLD: Final = "LOCK TABLE ledger.outcome IN SHARE MODE"
"""What becomes of each event is the last that a batch writes: its effects are written by then."""

WAITING: Final = """
-- Sessions of the ledger that are within a transaction, and wait for this one.
SELECT count(*) FROM pg_stat_activity
WHERE usename = 'ledger' AND xact_start IS NOT NULL AND state = 'active'
AND pg_backend_pid() = ANY(pg_blocking_pids(pid))
"""


async def end_postgres_mid_batch(scene: Scene, choices: random.Random) -> bool:
    """Let a batch wait with its work done, and end the server under it; False: none came."""
    if POSTGRES in scene.busy:
        return False
    with scene.spared(POSTGRES), suppress(OSError, asyncpg.PostgresError, AssertionError):
        connection = await asyncpg.connect(scene.database.administrator())
        try:
            await connection.execute(f"BEGIN; {HOLD}")

            async def one_waits() -> bool:
                return bool(await connection.fetchval(WAITING))

            await assert_eventually(one_waits, within_seconds=WAITS_S)
            if choices.random() < 0.5:
                await scene.stack.kill(POSTGRES)
            else:
                await scene.stack.restart(POSTGRES)
            return True
        finally:
            connection.terminate()
    return False
