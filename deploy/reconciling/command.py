"""`yui reconcile` once, for whoever asks: a table, and files for machines."""

import json
import sys
from pathlib import Path
from typing import Final

from rich.console import Console

from deploy.reconciling import metrics as textfile
from deploy.reconciling.reconcile import reconcile
from deploy.reconciling.report import show
from deploy.verify import bar

WIDTH: Final = 160


async def run(
    database_url: str,
    kafka_bootstrap: str,
    *,
    settle_s: float,
    as_json: bool = False,
    metrics: Path | None = None,
) -> int:
    """Print what was found, and return how many differences there are."""
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    with bar(Console(stderr=True) if as_json else console) as shown:
        found = await reconcile(database_url, kafka_bootstrap, settle_s, shown.say, shown.count)
    if metrics:
        textfile.write(found, metrics)
    if as_json:
        print(json.dumps(found.as_json(), indent=1))  # noqa: T201 - a command's own output
    else:
        show(found, console)
    return found.differences
