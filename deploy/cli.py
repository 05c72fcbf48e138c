"""The `yui` command."""

import asyncio
import errno
import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup

from deploy import demo as story
from deploy import doctor as doctoring
from deploy import runtime
from deploy import status as standing
from deploy.ledger_commands import ledger
from deploy.operator_commands import events, keys, parked, seals
from deploy.problem import Problem
from deploy.progress import Progress
from deploy.reconciling import nightly as reconciling
from deploy.services import BY_NAME
from shared.kafka import hosts_of

STORY_KEYS = "story-keys.json"
FULL_DISK = {errno.ENOSPC, errno.EDQUOT}


class OneLineProblems(TyperGroup):
    """What goes wrong is one line, not a trace."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as Typer's
        with one_line_problems():
            return super().invoke(ctx)


@contextmanager
def one_line_problems() -> Iterator[None]:
    try:
        yield
    except Problem as problem:
        _end(problem)
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        _end(Problem("the disk is full", "Free some space and try again: nothing is lost"))


def _end(problem: Problem) -> None:
    print(f"yui: {problem}", file=sys.stderr)  # noqa: T201 - a command's own output
    raise typer.Exit(1)


app = typer.Typer(
    cls=OneLineProblems,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="markdown",
    help="Run, watch and repair Yui on this machine.",
    epilog="Start with `yui up`; when something is wrong, `yui doctor`.",
)
app.add_typer(keys)
app.add_typer(events)
app.add_typer(parked)
app.add_typer(ledger)
app.add_typer(seals)
# Not a terminal: a log or a pipe, which has no width of its own.
console = Console() if sys.stdout.isatty() else Console(width=160)

Names = Annotated[
    list[str] | None, typer.Option("--service", "-s", help="Only this one; may be repeated.")
]


@app.command()
def up(
    service: Names = None,
    simulated: Annotated[
        bool | None,
        typer.Option(
            "--simulated/--real",
            help="Follow the dates that events tell, or the calendar. Settled at the first start.",
        ),
    ] = None,
) -> None:
    """Start everything: PostgreSQL, Kafka, migrations, topics, services.

    What runs already is left as it is; after a crash or `kill -9` it brings back what is missing.

    Examples: `yui up`, `yui up -s ledger -s homes`, `YUI_PORT_BASE=9100 yui up`
    """
    for name in service or ():
        if name not in BY_NAME:
            raise Problem(f"there is no service {name}", f"Services are {', '.join(BY_NAME)}")
    found = runtime.configured()
    progress = Progress(console)
    asyncio.run(runtime.up(found, progress, service or (), simulated=simulated))
    _say_where(found, progress)


def _say_where(found: runtime.Runtime, progress: Progress) -> None:
    addresses = found.addresses()
    progress.say("")
    for name in sorted({s.name for s in found.local.supervision.standings()} & set(addresses)):
        progress.say(f"  {name:24} {addresses[name]}")
    progress.say(f"  {'kafka':24} {hosts_of(found.servers.kafka_bootstrap)}")
    if found.local.postgres:
        progress.say(f"  {'postgres':24} 127.0.0.1:{found.local.postgres.port}")
    progress.say(f"The operator's key: {found.state.operator_key_file}")
    progress.say(
        "Look: yui status. Stop: yui down (or make down). All data is kept until make clean."
    )


@app.command()
def down(
    *,
    forget: Annotated[
        bool, typer.Option("--forget", help="Also delete all data and keys, for good.")
    ] = False,
) -> None:
    """Stop everything that was started, and wait until it has ended. The data stays.

    Examples: `yui down`, `yui down --forget`
    """
    runtime.down(runtime.configured(any_version=True), Progress(console), forget=forget)


@app.command()
def status() -> None:
    """Show each process: whether it is ready, where it listens, what it says of itself.

    Ends with 1 if anything is not ready. Example: `yui status`
    """
    rows = asyncio.run(standing.look(runtime.configured()))
    console.print(standing.table(rows))
    raise typer.Exit(0 if all(row.ready for row in rows) else 1)


@app.command()
def doctor() -> None:
    """Look for whatever keeps Yui from running; say what it is and how to mend it.

    Example: `yui doctor`
    """
    broken = 0
    for finding in doctoring.examine():
        broken += bool(finding.mend)
        mark = "[red]mend[/red]" if finding.mend else "[green]ok  [/green]"
        text = f"{finding.what}. {finding.mend}" if finding.mend else finding.what
        console.print(f"{mark} {escape(text)}", soft_wrap=True, highlight=False)
    raise typer.Exit(1 if broken else 0)


@app.command()
def demo(
    *,
    start: Annotated[
        bool, typer.Option("--up/--no-up", help="Start everything first, or use what runs.")
    ] = True,
) -> None:
    """Start everything on a simulated date and play the story through the public APIs.

    Played again it gives the same figures. Examples: `yui demo`, `yui demo --no-up`
    """
    found = runtime.configured()
    progress = Progress(console)
    if start:
        asyncio.run(runtime.up(found, progress, simulated=True))
    asyncio.run(
        story.run(
            found.addresses(), found.operator_key(), found.state.folder / STORY_KEYS, progress
        )
    )
    differences = _verify(found)
    if start:
        _say_where(found, progress)
    raise typer.Exit(1 if differences else 0)


@app.command()
def verify(
    settle: Annotated[
        float, typer.Option(help="Wait at most so many seconds until all has arrived.", min=0)
    ] = 30,
    journal: Annotated[
        Path | None,
        typer.Option(help="What a client was told, a line of JSON each: is all of it there?"),
    ] = None,
    seals: Annotated[
        Path | None, typer.Option(help="What `yui seals save` wrote: do these seals still stand?")
    ] = None,
) -> None:
    """Prove that nothing was lost, doubled or altered: the books against the owners' events.

    Examples: `yui verify`, `yui verify --settle 120 --journal answers.jsonl`,
    `yui verify --seals seals.jsonl`
    """
    found = runtime.configured()
    options = {"settle_s": settle, "journal": journal, "seals": seals}
    raise typer.Exit(1 if _verify(found, **options) else 0)


@app.command()
def reconcile(
    *,
    settle: Annotated[
        float, typer.Option(help="Wait at most so many seconds until all has arrived.", min=0)
    ] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
    metrics: Annotated[
        Path | None, typer.Option(help="Write it for Prometheus' textfile collector, too.")
    ] = None,
    nightly: Annotated[
        bool, typer.Option("--nightly", help="Run for ever, each night at 03:00 in Tokyo.")
    ] = False,
    now: Annotated[bool, typer.Option("--now", help="With --nightly: begin with one.")] = False,
) -> None:
    """Hold event tables, Kafka, the event log and the ledger's outcomes against each other.

    Counts, versions and hashes; where promises have ended; how old what waits is. Ends with 1 on a
    difference. What is unsent or unapplied is one after five minutes, what is held or parked at
    once. `--nightly` writes reconcile.json and reconcile.prom into the state folder.

    Examples: `yui reconcile`, `yui reconcile --json`, `yui reconcile --metrics node/yui.prom`,
    `yui reconcile --nightly --now`
    """
    found = runtime.configured()
    if nightly:
        asyncio.run(reconciling.run(*found.audited(), found.state.folder, at_once=now))
    options = {"settle_s": settle, "as_json": as_json, "metrics": metrics}
    differences = _run_module("deploy.reconciling.command", *found.audited(), **options)
    raise typer.Exit(1 if differences else 0)


def _verify(found: runtime.Runtime, **options: object) -> object:
    return _run_module("deploy.verify", *found.audited(), **options)


def _run_module(name: str, *arguments: object, **options: object) -> object:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise Problem(f"{name} is not written yet", "Take a later version of Yui") from error
    result: object = module.run(*arguments, **options)
    if inspect.iscoroutine(result):
        return asyncio.run(result)
    return result


@app.command()
def migrate() -> None:
    """Make roles, schemas and tables what the code needs; twice changes nothing.

    Examples: `yui migrate`, `YUI_DATABASE_URL=postgresql://admin:...@host/postgres yui migrate`
    """
    found = runtime.configured()
    asyncio.run(runtime.migrate(found, Progress(console)))


@app.command()
def topics(
    replication: Annotated[
        int | None,
        typer.Option(help="Copies of each new topic; one per broker of our own.", min=1),
    ] = None,
) -> None:
    """Declare the topics in Kafka, and who may use them; never changes a count of partitions.

    Examples: `yui topics`, `YUI_KAFKA_BOOTSTRAP=host:9092 yui topics --replication 3`
    """
    found = runtime.configured()
    for topic in asyncio.run(runtime.declare(found, replication)):
        new = ", new" if topic.created else ""
        console.print(
            f"{topic.name}: {topic.partitions} partitions, {topic.replication} copies, "
            f"kept for ever{new}",
            highlight=False,
        )
