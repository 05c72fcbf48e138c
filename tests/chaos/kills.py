"""SIGKILL, to whoever it may be: services, brokers one at a time, PostgreSQL."""

import asyncio
import random
from typing import Final

from tests.chaos.plan import POSTGRES
from tests.chaos.scene import Scene

AWAY_S: Final = (0.0, 2.0)
GUARD_S: Final = 0.2


async def kill_some(scene: Scene, choices: random.Random, times: int = 1) -> None:
    for _ in range(times):
        await asyncio.sleep(choices.uniform(*scene.plan.pause_s))
        victim = next(scene.in_turn, None) or await _anyone(scene, choices)
        await kill(scene, victim, choices.uniform(*AWAY_S))


async def _anyone(scene: Scene, choices: random.Random) -> str:
    """Choose among those that may be killed now; of brokers never one where another is away."""
    victim = choices.choice(scene.anyone)
    if victim in scene.brokers and not await scene.may_lose_a_broker():
        scene.other["brokers spared, for another was not back"] += 1
        return choices.choice([name for name in scene.anyone if name not in scene.brokers])
    return victim


async def kill(scene: Scene, victim: str, away_s: float) -> None:
    if victim in scene.busy:
        return
    scene.kills[victim] += 1
    with scene.spared(victim):
        if victim in {POSTGRES, *scene.brokers}:
            await scene.stack.kill(victim)
            return
        scene.processes[victim].kill()
        await asyncio.sleep(away_s)
        scene.processes[victim].launch()


async def keep_running(scene: Scene) -> None:
    """Start again what has ended by itself, as the process manager does."""
    while True:
        for name, process in scene.processes.items():
            ended = process.process is not None and process.process.poll() is not None
            if ended and name not in scene.busy:
                scene.other[f"{name} ended by itself and was started again"] += 1
                process.launch()
        await asyncio.sleep(GUARD_S)
