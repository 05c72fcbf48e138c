"""A rebuild in a process of its own, which a test may kill where it stands.

`python -m tests.support.rebuilding` reads what to rebuild, keeps the second ledger, ends with 1
if anything differs.
"""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from deploy.database import Database
from deploy.problem import Problem
from deploy.rebuilding.comparing import Comparison
from deploy.rebuilding.run import Asked
from deploy.rebuilding.run import rebuild as build_anew
from deploy.rebuilding.telling import show, telling
from deploy.state import State
from tests.support.copying import REPOSITORY

DIFFERS = 1
PROBLEM = 2


def started(database: Database, bootstrap: str, output: Path) -> "subprocess.Popen[bytes]":
    told = {
        "administrator_url": database.administrator_url,
        "name": database.name,
        "state": str(database.state.folder),
        "bootstrap": bootstrap,
    }
    with output.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own command, no shell
            [sys.executable, "-m", "tests.support.rebuilding", json.dumps(told)],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


async def rebuilt(
    database: Database, bootstrap: str, console: Console | None = None
) -> Comparison:
    """Rebuild within this process; the second ledger is kept."""
    asked = Asked(database=database, bootstrap=bootstrap, simulated=True)
    with telling(console or Console(width=160)) as told:
        return await build_anew(asked, told.say, told.count)


def main() -> int:
    told = json.loads(sys.argv[1])
    state = State(Path(told["state"]))
    database = Database(told["administrator_url"], told["name"], state)
    console = Console(width=160)
    try:
        comparison = asyncio.run(rebuilt(database, told["bootstrap"], console))
    except Problem as problem:
        console.print(str(problem))
        return PROBLEM
    show(comparison, console)
    return DIFFERS if comparison.number else 0


if __name__ == "__main__":
    sys.exit(main())
