"""An act of chaos: a second ledger is begun, killed on its way, and gone on with by another."""

import asyncio
import random
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

import asyncpg

from deploy.database import Database
from deploy.problem import Problem
from deploy.rebuilding.second import forget
from tests.support.rebuilding import DIFFERS, started
from tests.support.stack import Stack

KILLED_AFTER_S: Final = (0.5, 6.0)


class Scene(Protocol):
    """As much of a run as this act has to do with."""

    @property
    def stack(self) -> Stack: ...
    @property
    def database(self) -> Database: ...


async def rebuild_meanwhile(scene: Scene, choices: random.Random) -> bool:
    """Whether it was built to its end; where a server stayed away too long, it is tried again."""
    with tempfile.TemporaryDirectory(prefix="yui-rebuild-") as folder:
        output = Path(folder) / "output"
        code = await _killed_and_gone_on_with(scene, output, choices.uniform(*KILLED_AFTER_S))
        said = output.read_text()
        assert code != DIFFERS, said[-3000:]
        if "--anew" in said:  # the topic was made anew since it was begun: it says what to do
            with suppress(Problem, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await forget(scene.database)
        return code == 0


async def _killed_and_gone_on_with(scene: Scene, output: Path, after_s: float) -> int:
    first = started(scene.database, scene.stack.auditors_bootstrap, output)
    try:
        await asyncio.sleep(after_s)
    finally:
        first.kill()
        first.wait()
    second = started(scene.database, scene.stack.auditors_bootstrap, output)
    try:
        return await asyncio.to_thread(second.wait)
    finally:
        second.kill()
