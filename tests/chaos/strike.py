"""Kills as often as planned, with all else that is planned beside and between."""

import asyncio
from collections.abc import Callable, Sequence

from tests.chaos.acts import ALWAYS, BESIDE, BETWEEN, TRIED_S, Act, Beside
from tests.chaos.kills import kill_some
from tests.chaos.scene import Scene


async def strike(scene: Scene, done: Callable[[int], None]) -> None:
    always = asyncio.create_task(_again_and_again(scene))
    planned = [
        asyncio.create_task(_beside(scene, name, one, scene.plan.acts.get(name, 0)))
        for name, one in BESIDE.items()
    ]
    try:
        await _kill_all(scene, done)
        await asyncio.gather(*planned)
        if always.done():
            always.result()
    finally:
        for task in (always, *planned):
            task.cancel()
        await asyncio.gather(always, *planned, return_exceptions=True)


async def _kill_all(scene: Scene, done: Callable[[int], None]) -> None:
    choices = scene.plan.choices("kills")
    due = _due(scene)
    for number in range(1, scene.plan.kills + 1):
        await kill_some(scene, choices)
        done(number)
        for name, act in due.get(number, ()):
            scene.other[name] += await act(scene, choices)


def _due(scene: Scene) -> dict[int, Sequence[tuple[str, Act]]]:
    """After which kill each act comes: each kind spread over the whole run."""
    due: dict[int, list[tuple[str, Act]]] = {}
    for name, between in BETWEEN.items():
        times = scene.plan.acts.get(name, 0)
        for turn in range(1, times + 1):
            number = max(1, scene.plan.kills * turn // (times + 1))
            due.setdefault(number, []).append((name, between.act))
    return dict(due)


async def _beside(scene: Scene, name: str, one: Beside, times: int) -> None:
    """Do it until it has come about so often; what keeps failing is no fault of the product."""
    choices = scene.plan.choices(name)
    loop = asyncio.get_running_loop()
    until = loop.time() + TRIED_S * times
    while scene.other[name] < times and loop.time() < until:
        await asyncio.sleep(choices.uniform(*one.pause_s))
        async with scene.beside.passing():
            scene.other[name] += await one.act(scene, choices)


async def _again_and_again(scene: Scene) -> None:
    choices = scene.plan.choices("repeats")
    while True:
        await asyncio.sleep(choices.uniform(*ALWAYS.pause_s))
        async with scene.beside.passing():
            await ALWAYS.act(scene, choices)
