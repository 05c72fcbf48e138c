"""The servers on this machine: prepared, started under supervisor, waited for."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from deploy import kafka, ports, postgres
from deploy.kafka import Broker, Kafka
from deploy.ports import Ports
from deploy.postgres import Postgres
from deploy.principals import BROKER
from deploy.problem import Problem
from deploy.program import Program, Servers
from deploy.services import REPOSITORY
from deploy.state import State
from deploy.supervision import Supervision
from shared.kafka import PLAIN

READY_SECONDS = 60
POLL_SECONDS = 0.1
# With supervisor's growing pauses this is some ten seconds.
TRIES_MAX = 4


@dataclass(frozen=True)
class Local:
    """A Kafka and a PostgreSQL of our own; either may be left out for one that is given."""

    state: State
    kafka: Kafka | None
    postgres: Postgres | None

    @property
    def supervision(self) -> Supervision:
        return Supervision(self.state, REPOSITORY)

    def programs(self) -> list[Program]:
        own = [self.postgres.program()] if self.postgres else []
        return own + (self.kafka.programs() if self.kafka else [])

    def listening(self) -> dict[str, int]:
        """Return the port of each server; a broker's second is for brokers alone."""
        found = {"postgres": self.postgres.port} if self.postgres else {}
        return found | (self.kafka.listening() if self.kafka else {})


def plan(
    state: State, at: Ports, brokers: int, *, own_kafka: bool = True, own_postgres: bool = True
) -> Local:
    nodes = tuple(Broker(n, at.kafka(n), at.controller(n)) for n in range(1, brokers + 1))
    return Local(
        state,
        Kafka(state, nodes) if own_kafka else None,
        postgres.locate(state, at.postgres) if own_postgres else None,
    )


def addresses(local: Local, kafka_bootstrap: str = "", database_url: str = "") -> Servers:
    """Return where the servers are: those that are given, else our own."""
    return Servers(
        kafka_bootstrap or (local.kafka.bootstrap if local.kafka else ""),
        database_url or (local.postgres.url if local.postgres else ""),
    )


async def prepare(local: Local) -> None:
    """Make whatever has to be there before the first start; costs nothing later."""
    steps = []
    if local.postgres:
        steps.append(asyncio.to_thread(local.postgres.prepare))
    if local.kafka:
        steps.append(asyncio.to_thread(local.kafka.prepare))
    await asyncio.gather(*steps)


async def start(local: Local, others: Sequence[Program] = ()) -> None:
    """Start what does not run yet, end orphans first, and wait until both servers answer."""
    supervision = local.supervision
    if not supervision.is_alive():
        await asyncio.to_thread(supervision.end_orphans)
        if local.postgres:
            local.postgres.remove_stale_pid()
    running = {standing.name for standing in supervision.standings() if standing.pid}
    for name, port in local.listening().items():
        if name not in running:
            ports.require_free(port, name)
    await asyncio.to_thread(supervision.start, [*local.programs(), *others])
    for program in local.programs():
        supervision.run(program.name)
    await asyncio.gather(*_probes(local))


def _probes(local: Local) -> list[Awaitable[None]]:
    probes: list[Awaitable[None]] = []
    if server := local.postgres:
        url = server.url
        probes.append(ready("postgres", lambda: postgres.answers(url), local.supervision))
    if own := local.kafka:
        for name, port in own.listening().items():
            probe = partial(kafka.answers, own.reached_by(BROKER, port), PLAIN)
            probes.append(ready(name, probe, local.supervision))
    return probes


async def ready(name: str, probe: Callable[[], Awaitable[bool]], supervision: Supervision) -> None:
    """Wait until a program truly answers; give up on one that ends again and again."""
    deadline = time.monotonic() + READY_SECONDS
    tries: set[int] = set()
    while not await probe():
        tries.add(supervision.standing(name).pid)
        late = time.monotonic() > deadline
        if late or len(tries) > TRIES_MAX:
            how = f"is not ready after {READY_SECONDS} s" if late else "ends again and again"
            raise Problem(
                f"{name} {how}: {last_line(supervision, name)}", f"See {supervision.log(name)}"
            )
        await asyncio.sleep(POLL_SECONDS)


def last_line(supervision: Supervision, name: str) -> str:
    log = supervision.log(name)
    lines = log.read_text(errors="replace").split("\n")[-50:] if log.exists() else []
    return next((line for line in reversed(lines) if line.strip()), "it wrote nothing")


def forget(local: Local) -> None:
    """Stop everything and remove all that was ever kept, wherever it lies."""
    local.supervision.shut_down()
    local.supervision.end_orphans()
    folders = [local.state.sockets, local.state.folder]
    if server := local.postgres:
        folders += [server.sockets, server.folder.parent if server.moved else server.folder]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
