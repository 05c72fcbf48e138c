"""A process that is paused where it stands, and wakes when its partitions are another's."""

import os
import random
import signal
from contextlib import suppress
from typing import Final

import psutil

from tests.chaos.scene import Scene
from tests.support.eventually import assert_eventually
from tests.support.groups import shares

TOGETHER_S: Final = 40.0
MOVED_S: Final = 75.0
"""A group waits ten seconds for a member that says nothing; again, where its broker is lost."""


async def make_zombie(scene: Scene, choices: random.Random) -> bool:
    """Pause one of two copies until the group has gone on without it; False: it did not."""
    service = choices.choice(scene.plan.doubled)
    copies = scene.copies(service)
    if scene.busy & set(copies):
        return False
    paused = choices.choice(copies)
    # Both are spared: where the other is killed, nobody takes over.
    with scene.spared(*copies):
        process = scene.processes[paused].process
        if process is None or not await _settled(scene, service, len(copies), TOGETHER_S):
            return False
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            os.kill(process.pid, signal.SIGSTOP)
            try:
                return await _settled(scene, service, len(copies) - 1, MOVED_S)
            finally:
                os.kill(process.pid, signal.SIGCONT)
    return False


async def _settled(scene: Scene, group: str, members: int, within_seconds: float) -> bool:
    """Whether the group comes to rest with so many members."""

    async def has_settled() -> bool:
        found = await shares(scene.stack.kafka_bootstrap, group)
        return found is not None and len(found) == members

    with suppress(AssertionError):
        await assert_eventually(has_settled, within_seconds=within_seconds)
        return True
    return False
