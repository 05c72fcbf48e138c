"""What is wrong on this machine, one line each: what, and how to mend it."""

import asyncio
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil

from deploy import jars, kafka, ports
from deploy.principals import USERS
from deploy.problem import Problem
from deploy.runtime import DISK_BYTES_MIN, Runtime, configured
from deploy.services import present
from deploy.state import default_folder
from shared.kafka import hosts_of

PYTHON_MIN = (3, 11)
MEMORY_BYTES_MIN = 2_000_000_000
REACH_SECONDS = 5


@dataclass(frozen=True)
class Finding:
    """What was looked at and how it stands; `mend` is empty where all is well."""

    what: str
    mend: str = ""


def examine() -> Iterator[Finding]:
    """Look at one thing after the other; a state folder that cannot be used ends the round."""
    yield from (_python(), _memory())
    try:
        runtime = configured()
    except Problem as problem:
        yield Finding(problem.what, problem.mend)
        return
    yield Finding(f"state folder {default_folder()}: this version's, and writable")
    checks: list[Callable[[Runtime], Iterator[Finding]]] = [
        _disk,
        _account,
        _supervisor,
        _pid,
        _ports,
        logins,
        _registry,
    ]
    for check in checks:
        yield from check(runtime)


def _python() -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    old = sys.version_info < PYTHON_MIN
    return Finding(f"Python {found}", "Install Python 3.11 or later" if old else "")


def _memory() -> Finding:
    free = psutil.virtual_memory().available
    mend = "Kafka, PostgreSQL and the services need about 2 GB: close something"
    return Finding(f"memory: {_size(free)} free", mend if free < MEMORY_BYTES_MIN else "")


def _disk(runtime: Runtime) -> Iterator[Finding]:
    free = shutil.disk_usage(runtime.state.folder).free
    mend = f"Free at least {_size(DISK_BYTES_MIN)}, or name another disk in YUI_STATE"
    yield Finding(f"disk: {_size(free)} free", mend if free < DISK_BYTES_MIN else "")


def _account(runtime: Runtime) -> Iterator[Finding]:
    if (own := runtime.local.postgres) and own.account:
        yield Finding(f"you are root: PostgreSQL runs as {own.account.name}, in {own.folder}")


def _supervisor(runtime: Runtime) -> Iterator[Finding]:
    supervision = runtime.local.supervision
    if supervision.is_alive():
        ended = [s.name for s in supervision.standings() if s.state in {"BACKOFF", "FATAL"}]
        mend = f"Read {runtime.state.logs}" if ended else ""
        yield Finding(f"supervisor runs; ended programs: {', '.join(ended) or 'none'}", mend)
    elif orphans := supervision.orphans():
        yield Finding(
            f"{len(orphans)} processes outlived a killed supervisor: "
            f"{', '.join(str(p.pid) for p in orphans)}",
            "`yui up` stops them and starts anew, `yui down` stops them",
        )
    elif supervision.pid_file.exists():
        yield Finding("the pid file of a supervisor that is gone", "`yui up` replaces it")
    else:
        yield Finding("nothing runs; `yui up` starts it")


def _pid(runtime: Runtime) -> Iterator[Finding]:
    own = runtime.local.postgres
    if own and own.has_stale_pid():
        yield Finding("PostgreSQL was killed and left its pid file", "`yui up` removes it")


def _ports(runtime: Runtime) -> Iterator[Finding]:
    running = {s.name for s in runtime.local.supervision.standings() if s.pid}
    wanted = runtime.local.listening() | {s.name: s.port(runtime.ports.base) for s in present()}
    for name, port in wanted.items():
        if name not in running and not ports.is_free(port):
            yield Finding(
                f"port {port} ({name}) is taken by {ports.holder(port)}",
                "Stop it, or choose other ports with YUI_PORT_BASE",
            )
    yield Finding(f"ports {min(wanted.values())} to {max(wanted.values())} looked at")


def logins(runtime: Runtime) -> Iterator[Finding]:
    """Name whom Kafka does not let in; where it is away or asks nobody, there is nobody."""
    if refused := asyncio.run(_refused(runtime)):
        yield Finding(
            f"Kafka at {hosts_of(runtime.bootstrap)} refuses the password of {', '.join(refused)}",
            f"`yui up` or `yui topics` gives Kafka those in {runtime.state.folder / 'secrets'}",
        )


async def _refused(runtime: Runtime) -> list[str]:
    return [name for name in USERS if await kafka.refuses(runtime.bootstrap_of(name))]


def _registry(runtime: Runtime) -> Iterator[Finding]:
    if runtime.local.kafka is None:
        return
    if jars.jars_folder().exists():
        yield Finding("Kafka's jars are here: no registry is needed")
        return
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415 - not there where Kafka is given

    host = MAVEN_CENTRAL_URL.split("/")[2]
    try:
        socket.create_connection((host, 443), timeout=REACH_SECONDS).close()
    except OSError:
        mend = "The first start fetches Kafka's jars from it: check the network or the proxy"
        yield Finding("the registry of Kafka's jars is not reached directly", mend)
    else:
        yield Finding("the registry of Kafka's jars is reached")


def _size(count_bytes: int) -> str:
    return f"{count_bytes / 1_000_000_000:.1f} GB"
