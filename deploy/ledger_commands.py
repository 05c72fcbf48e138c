"""`yui ledger`: how the books stand, and whether they are what Kafka's log makes of them."""

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console

from deploy import runtime
from deploy.problem import Problem
from deploy.rebuilding import second
from deploy.rebuilding import standing as standings
from deploy.rebuilding.run import WORKERS, Asked
from deploy.rebuilding.run import rebuild as build_anew
from deploy.rebuilding.telling import show, telling

console = Console() if sys.stdout.isatty() else Console(width=160)
ledger = typer.Typer(name="ledger", no_args_is_help=True, help="The books of all homes.")
INTERRUPTED = 130


@ledger.command("rebuild")
def rebuild(
    *,
    keep: Annotated[
        bool | None,
        typer.Option(
            "--keep/--forget",
            help="What becomes of the second ledger in the end. It is kept if something differs.",
        ),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Begin from nothing, not where the last one stopped.")
    ] = False,
    workers: Annotated[
        int, typer.Option(help="How many processes read Kafka.", min=1, max=12)
    ] = WORKERS,
) -> None:
    """Build a second ledger from Kafka alone, while the first goes on, and compare the two.

    It may be ended at any moment: the next one goes on where it stopped. Ends with 1 if anything
    differs, and names the first of each kind.

    Examples: `yui ledger rebuild`, `yui ledger rebuild --keep --workers 4`,
    `yui ledger rebuild --anew`
    """
    found = runtime.configured()
    asked = Asked(
        database=found.database,
        bootstrap=found.audited()[1],
        simulated=found.state.kept("simulated", "false") == "true",
        workers=workers,
    )
    try:
        differences = asyncio.run(_rebuild(asked, keep=keep, anew=anew))
    except KeyboardInterrupt:
        console.print("interrupted: `yui ledger rebuild` goes on from here")
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(1 if differences else 0)


async def _rebuild(asked: Asked, *, keep: bool | None, anew: bool) -> int:
    if anew:
        async with second.alone(asked.database):
            await second.forget(asked.database)
    with telling(console) as told:
        comparison = await build_anew(asked, told.say, told.count)
    show(comparison, console)
    kept = bool(comparison.number) if keep is None else keep
    if kept:
        console.print(f"kept in the schema {second.SECOND.name}", highlight=False)
    else:
        await second.forget(asked.database)
    return comparison.number


@ledger.command("forget")
def forget() -> None:
    """Drop what a rebuild has kept or left unfinished. Example: `yui ledger forget`."""
    database = runtime.configured().database

    async def alone() -> None:
        async with second.alone(database):
            await second.forget(database)

    asyncio.run(alone())


@ledger.command("status")
def status() -> None:
    """Show what is on the books, and how far a rebuild has come. Example: `yui ledger status`."""
    found = asyncio.run(standings.look(runtime.configured().database))
    if found is None:
        raise Problem("there is no ledger in this database", "See `yui migrate`")
    for line in standings.lines(found):
        console.print(line, highlight=False)
