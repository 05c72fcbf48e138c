"""The nightly job: reconcile at 03:00 in Tokyo, and keep what was found for whoever looks."""

import asyncio
import importlib
import json
import os
import sys
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final

import structlog

from deploy.problem import Problem
from deploy.program import Program
from shared.clock import TOKYO, now

NAME: Final = "reconcile"
AT: Final = time(3, 0)
LOOK_EVERY_S: Final = 60.0
"""A machine that was suspended, or whose clock was set, is not late by more than this."""
SETTLE_S: Final = 30.0

log = structlog.get_logger(NAME)


def next_night(moment: datetime) -> datetime:
    """Return the first 03:00 in Tokyo after a moment."""
    local = moment.astimezone(TOKYO)
    tonight = datetime.combine(local.date(), AT, TOKYO)
    return tonight if tonight > local else tonight + timedelta(days=1)


async def run(database_url: str, bootstrap: str, folder: Path, *, at_once: bool = False) -> None:
    """Reconcile each night, for ever; a night that fails is said, and the next one comes."""
    due = now() if at_once else next_night(now())
    log.info("waiting", until=due.isoformat())
    while True:
        if (left := (due - now()).total_seconds()) > 0:
            await asyncio.sleep(min(left, LOOK_EVERY_S))
            continue
        try:
            await once(database_url, bootstrap, folder)
        except Exception as fault:  # noqa: BLE001  tomorrow comes all the same
            log.error("failed", fault=str(fault) if isinstance(fault, Problem) else repr(fault))  # noqa: TRY400
        due = next_night(now())


async def once(database_url: str, bootstrap: str, folder: Path) -> int:
    """Reconcile, write `reconcile.json` and `reconcile.prom`; return the differences."""
    # Only now: until its hour the job is a small process that has cost its stack no start.
    reconciling = importlib.import_module("deploy.reconciling.reconcile")
    metrics = importlib.import_module("deploy.reconciling.metrics")
    found = await reconciling.reconcile(database_url, bootstrap, SETTLE_S)
    write_whole(folder / "reconcile.json", json.dumps(found.as_json(), indent=1))
    metrics.write(found, folder / "reconcile.prom")
    first = {kind: f"{one.owner}: {one.where}" for kind, one in found.findings.first.items()}
    say = log.warning if found.differences else log.info
    say("reconciled", differences=found.differences, took_s=round(found.took_s, 1), **first)
    return int(found.differences)


def write_whole(path: Path, text: str) -> None:
    """Whoever reads at any time reads the last one or this one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(f"{text}\n")
    draft.replace(path)


def program(database_url: str, bootstrap: str, folder: Path) -> Program:
    """Return the job as supervisor keeps it running, with the auditor's password alone."""
    told = {"DATABASE_URL": database_url, "KAFKA_BOOTSTRAP": bootstrap, "FOLDER": str(folder)}
    command = (sys.executable, "-m", "deploy.reconciling")
    return Program(NAME, command, {f"YUI_RECONCILE_{key}": value for key, value in told.items()})
