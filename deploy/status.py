"""How everything stands: processes, ports, readiness, relay and consumers."""

import asyncio
import json
import time
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from rich.table import Table

from deploy import kafka, postgres
from deploy.principals import OPERATOR
from deploy.reconciling.nightly import NAME as NIGHTLY
from deploy.runtime import Runtime, ask_readiness
from deploy.services import Service, present
from shared.kafka import hosts_of


@dataclass(frozen=True)
class Row:
    name: str
    process: str
    address: str
    ready: bool
    says: str


async def look(runtime: Runtime) -> list[Row]:
    processes = {s.name: s for s in runtime.local.supervision.standings()}
    described = {
        name: f"pid {s.pid}, up {_age(s.started)}" if s.pid else s.state.lower()
        for name, s in processes.items()
    }
    services = [_service(runtime, service, described) for service in present()]
    servers = _postgres(runtime, described), *_kafka(runtime, described)
    nightly = [_nightly(runtime, described[NIGHTLY])] if NIGHTLY in processes else []
    return [*await asyncio.gather(*servers, *services), *nightly]


def _nightly(runtime: Runtime, process: str) -> Row:
    """What last night's reconciliation came to; nothing where it is somebody else's."""
    says = "until its first night"
    with suppress(OSError, ValueError, KeyError):
        last = json.loads((runtime.state.folder / "reconcile.json").read_text())
        says = f"{last['differences']} differences on {last['at'][:16]}"
    return Row(NIGHTLY, process, "", process.startswith("pid "), says)


async def _postgres(runtime: Runtime, described: Mapping[str, str]) -> Row:
    own = runtime.local.postgres
    ready = bool(runtime.servers.database_url) and await postgres.answers(
        runtime.servers.database_url
    )
    where = f"127.0.0.1:{own.port}" if own else "YUI_DATABASE_URL"
    process = described.get("postgres", "not started") if own else "not ours"
    return Row("postgres", process, where, ready, "")


def _kafka(runtime: Runtime, described: Mapping[str, str]) -> Iterator[Awaitable[Row]]:
    own = runtime.local.kafka
    if own is None:
        given = runtime.bootstrap
        yield _broker("kafka", "not ours", given)
        return
    for name, port in own.listening().items():
        reached = own.reached_by(OPERATOR, port)
        yield _broker(name, described.get(name, "not started"), reached)


async def _broker(name: str, process: str, bootstrap: str) -> Row:
    says = "refuses the password" if await kafka.refuses(bootstrap) else ""
    return Row(name, process, hosts_of(bootstrap), await kafka.answers(bootstrap), says)


async def _service(runtime: Runtime, service: Service, described: Mapping[str, str]) -> Row:
    address = runtime.addresses()[service.name]
    found = await ask_readiness(address)
    ready, said = found or (False, {})
    says = "; ".join(_said(said)) if found else "does not answer"
    return Row(service.name, described.get(service.name, "not started"), address, ready, says)


def _said(body: Mapping[str, object]) -> Iterator[str]:
    """Say of the relay, of each consumer, what is not as it should be: all that is not nought."""
    checks = body.get("checks")
    for check, values in (checks if isinstance(checks, dict) else {}).items():
        told = values if isinstance(values, dict) else {"ok": values}
        word = "ok" if told.get("ok") else "not ok"
        off = [f"{name} {value}" for name, value in told.items() if value and name != "ok"]
        yield f"{check}: {', '.join([word, *off])}"


def _age(started: int) -> str:
    seconds = max(0, int(time.time()) - started)
    minutes, hours = seconds // 60, seconds // 3600
    return f"{hours} h" if hours else f"{minutes} min" if minutes else f"{seconds} s"


def table(rows: list[Row]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for heading in ("name", "ready", "process", "address"):
        shown.add_column(heading, no_wrap=True)
    shown.add_column("says", overflow="fold")
    for row in rows:
        mark = "[green]yes[/green]" if row.ready else "[red]no[/red]"
        shown.add_row(row.name, mark, row.process, row.address, row.says)
    return shown
