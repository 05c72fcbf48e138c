"""`python -m bench` measures every row of the table; `python -m bench posting kafka` these two."""

import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from rich.console import Console

from bench import kafka, latency, memory, posting, proof, reads, rebuild, scale, skew, writes
from bench.figures import Figure, table
from bench.measuring import Measuring, environment
from tests.support.stack import Stack, running_stack

Row = Callable[[Measuring], Awaitable[list[Figure]]]

ROWS: Final[Mapping[str, Row]] = {
    "posting": posting.measure,
    "kafka": kafka.measure,
    "skew": skew.measure,
    "homes": scale.measure_homes,
    "entries": scale.measure_entries,
    "latency": latency.measure,
    "writes": writes.measure_row,
    "reads": reads.measure,
    "proof": proof.measure,
    "rebuild": rebuild.measure,
    "memory": memory.measure,
}
RUNS: Final = 5
QUICK_RUNS: Final = 3
QUICK: Final = ("posting", "skew")
"""What a build measures: ratios that tell within two minutes."""


async def _measure(
    rows: Sequence[str], plan: Callable[[Stack], Measuring]
) -> tuple[list[Figure], Mapping[str, str]]:
    figures: list[Figure] = []
    async with running_stack() as stack:
        measuring = plan(stack)
        around = await environment(stack)
        for row in rows:
            began = time.monotonic()
            figures += await ROWS[row](measuring)
            measuring.say(f"{row}: {time.monotonic() - began:.0f} s")
    return figures, around


app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def main(
    rows: Annotated[
        list[str] | None, typer.Argument(help=f"Some of: {', '.join(ROWS)}. Default: all.")
    ] = None,
    *,
    quick: Annotated[bool, typer.Option(help="Two minutes; fail below a ratio's floor.")] = False,
    runs: Annotated[
        int | None, typer.Option(help="Samples of each figure. Default: 5, 3 if quick.", min=1)
    ] = None,
    entries: Annotated[int, typer.Option(help="Of the largest books.")] = 1_000_000,
    minutes: Annotated[int, typer.Option(help="For how long memory is watched.", min=3)] = 20,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures there, too.")
    ] = None,
) -> None:
    """Measure shipped processes with their shipped settings; each bench ends with the checker."""
    wanted = rows or list(QUICK if quick else ROWS)
    if unknown := set(wanted) - set(ROWS):
        raise typer.BadParameter(f"there is no row {', '.join(sorted(unknown))}")
    console = Console(width=132)

    samples = runs or (QUICK_RUNS if quick else RUNS)

    def plan(stack: Stack) -> Measuring:
        return Measuring(stack, console, samples, quick, entries, minutes)

    # A topic that was just made has no leader for a moment; the client says so, and tries again.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    figures, around = uvloop.run(_measure(wanted, plan))
    console.print(table(figures, f"medians of {samples} runs"))
    for name, value in around.items():
        console.print(f"{name}: {value}", highlight=False)
    if json_file is not None:
        told = {"environment": dict(around), "figures": [f.as_json() for f in figures]}
        json_file.write_text(json.dumps(told, indent=2))
    if quick and any(figure.breaks for figure in figures):
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
