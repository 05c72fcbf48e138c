"""A real Kafka and PostgreSQL for the tests alone, and services as processes beside them.

db = await database("rent_sponsorship", "ledger")  # migrated; db.url("ledger" or "auditor")
ledger = await stack.start("ledger", db)        # ready; .url, .kill(), .launch(), .stop()
await stack.empty_topics()                      # every topic new; stack.kafka_bootstrap
await stack.kill("kafka"); await stack.ready()  # or "postgres": supervisor brings it back
running_stack(brokers=3)                        # then "kafka-1" to "kafka-3" can be killed
"""

import asyncio
import os
import random
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psutil

from deploy import database as databases
from deploy import local, ports, rights, topics
from deploy.database import AUDITOR, Database
from deploy.kafka import Broker, Kafka, Proxied
from deploy.migrations import migrate
from deploy.postgres import Postgres, locate
from deploy.principals import OPERATOR
from deploy.program import Servers
from deploy.services import BY_NAME, REPOSITORY, Service, Surroundings, environment
from deploy.state import State, open_state
from deploy.supervision import MARK
from shared.kafka import reading
from shared.published import Published
from tests.support.eventually import assert_eventually

PREFIX = "yui-stack-"
# Below the ports that the system gives to outgoing connections: a killed server finds its own
# port free again.
FIRST_PORT, LAST_PORT = 22_000, 32_000

MakeDatabase = Callable[..., Awaitable[Database]]


@dataclass
class ServiceProcess:
    """One service as a process of its own, which a test may kill and launch again."""

    service: Service
    port: int
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    directory: Path = REPOSITORY
    """Where its code is: another release's, where a test has one."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def launch(self) -> None:
        """Start it, or start it again; its output is added to the log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                self.service.command,
                cwd=self.directory,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    async def ready(self, within_seconds: float = 30) -> None:
        async with httpx2.AsyncClient(base_url=self.url, timeout=5) as client:

            async def answers() -> bool:
                assert self.process is not None, "it was never launched"
                if (code := self.process.poll()) is not None:
                    tail = self.log.read_text()[-3000:]
                    raise RuntimeError(f"{self.service.name} ended with {code}:\n{tail}")
                with suppress(httpx2.TransportError):
                    return bool((await client.get("/readyz")).status_code == httpx2.codes.OK)
                return False

            await assert_eventually(answers, within_seconds=within_seconds, why=str(self.log))

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    async def stop(self, within_seconds: float = 15) -> None:
        """SIGTERM; kill it if it does not end in time, which is an error."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            await asyncio.to_thread(self.process.wait, within_seconds)
        finally:
            self.kill()


@dataclass
class Stack:
    servers: Servers
    local: local.Local
    started: list[ServiceProcess] = field(default_factory=list)
    templates: dict[tuple[str, ...], Database] = field(default_factory=dict)
    copies: int = 0

    @property
    def kafka_bootstrap(self) -> str:
        """The operator's way; each service's own is `stack.kafka.reached_by(name)`."""
        return self.kafka.reached_by(OPERATOR)

    @property
    def auditors_bootstrap(self) -> str:
        return self.kafka.reached_by(AUDITOR)

    @property
    def kafka(self) -> Kafka:
        assert self.local.kafka is not None
        return self.local.kafka

    @property
    def postgres(self) -> Postgres:
        assert self.local.postgres is not None
        return self.local.postgres

    @property
    def proxied(self) -> Sequence[Proxied]:
        """The ports of each broker's fault proxy, from `proxy_port` on to `port`."""
        return [broker.proxied for broker in self.kafka.brokers if broker.proxied]

    @property
    def state(self) -> State:
        return self.local.state

    @property
    def operator_key(self) -> str:
        return self.state.operator_key()

    async def database(self, *names: str) -> Database:
        """Return a new database, migrated for these services: a copy of a template."""
        services = [BY_NAME[name] for name in names]
        key = tuple(sorted(names))
        if key not in self.templates:
            template = Database(
                self.servers.database_url, f"template_{len(self.templates)}", self.state
            )
            await migrate(template, services)
            self.templates[key] = template
        self.copies += 1
        made = await databases.copy(self.templates[key], f"test_{self.copies}", services)
        await self._leave_behind(made, services)
        return made

    async def _leave_behind(self, database: Database, services: Sequence[Service]) -> None:
        """What other tests have left in a topic is none of a new database's business."""
        for service in services:
            async with (
                databases.connected(database.url(service.name)) as connection,
                reading(self.kafka_bootstrap, service.topic) as log,
            ):
                await Published(service.topic, self.kafka_bootstrap).know(connection, log.ends)

    async def drop(self, database: Database) -> None:
        async with databases.connected(self.servers.database_url) as connection:
            await connection.execute(f"DROP DATABASE {database.name} WITH (FORCE)")

    async def empty_topics(self) -> None:
        """Delete every topic and declare it anew."""
        names = topics.declared()
        await topics.remove(self.kafka_bootstrap, names)

        async def declared_anew() -> None:
            applied = await topics.apply(self.kafka_bootstrap, names, self.kafka.replication)
            assert len(applied) == len(names)

        await assert_eventually(declared_anew)

    def process(self, name: str, database: Database, **others: str) -> ServiceProcess:
        """Return a service that is not launched yet; `others` are further variables."""
        service, port = BY_NAME[name], free_port()
        around = Surroundings(
            kafka_bootstrap=self.kafka.reached_by(name),
            database_url=database.url(name),
            reader_url=database.url(service.reader),
            people_url=database.url(service.people) if service.people else None,
            host="127.0.0.1",
            port=port,
            simulated=True,
            operator_key=self.operator_key,
        )
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        mark = {MARK: str(self.state.folder), "PYTHONUNBUFFERED": "1"}
        variables = {**kept, **mark, **environment(service, around), **others}
        found = ServiceProcess(service, port, variables, self.state.logs / f"{name}-{port}.log")
        self.started.append(found)
        return found

    async def start(self, name: str, database: Database, **others: str) -> ServiceProcess:
        """Launch a service and wait until it is ready."""
        process = self.process(name, database, **others)
        process.launch()
        await process.ready()
        return process

    def stop_services(self) -> None:
        """Kill every service that was started here; a test that cares stops them politely."""
        for process in self.started:
            process.kill()
        self.started.clear()

    def pid(self, server: str) -> int:
        return self.local.supervision.standing(server).pid

    async def kill(self, server: str) -> None:
        """SIGKILL a broker or PostgreSQL and wait until supervisor has started another."""

        async def is_there() -> int:
            return self.pid(server)

        # One that found its predecessor's memory in use has ended, and is started once more.
        await assert_eventually(is_there, within_seconds=30)
        before = self.pid(server)
        with suppress(psutil.NoSuchProcess):
            psutil.Process(before).kill()

        async def is_another() -> bool:
            return self.pid(server) not in {0, before}

        await assert_eventually(is_another, within_seconds=30)

    async def restart(self, server: str) -> None:
        """End it politely and start it again."""
        await asyncio.to_thread(self.local.supervision.stop, server)
        await self.ready()

    async def ready(self) -> None:
        """Wait until all servers answer; start those that were stopped."""
        await local.start(self.local)

    async def copy_postgres(self) -> Path:
        """Copy PostgreSQL's files as they are at this moment: it is stopped for it."""
        data, copy = self.postgres.data, self.postgres.folder / f"copy-{secrets.token_hex(4)}"
        await asyncio.to_thread(self.local.supervision.stop, "postgres")
        await _copy(data, copy)
        await self.ready()
        return copy

    async def put_postgres_back(self, copy: Path) -> None:
        """Let PostgreSQL go on from a copy, as if nothing had happened since."""
        data = self.postgres.data
        await asyncio.to_thread(self.local.supervision.stop, "postgres")
        await asyncio.to_thread(shutil.rmtree, data)
        await _copy(copy, data)
        await asyncio.to_thread(shutil.rmtree, copy)
        await self.ready()


async def _copy(files: Path, to: Path) -> None:
    # With owners and modes: the account that PostgreSQL runs under may not be ours.
    copying = await asyncio.create_subprocess_exec("cp", "-a", str(files), str(to))
    assert await copying.wait() == 0, f"{files} cannot be copied"


def free_port() -> int:
    while True:
        # Random, so that two test runs at once rarely choose the same.
        port = random.randrange(FIRST_PORT, LAST_PORT)
        if ports.is_free(port):
            return port


@asynccontextmanager
async def running_stack(brokers: int = 1, kafka: type[Kafka] = Kafka) -> AsyncIterator[Stack]:
    """Start both servers in a folder of their own, and leave nothing behind."""
    sweep()
    state = open_state(Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")))
    state.folder.chmod(0o711)
    own = planned(state, brokers, kafka)
    try:
        await local.prepare(own)
        await local.start(own)
        stack = Stack(local.addresses(own), own)
        await rights.declare(state, stack.servers.kafka_bootstrap)
        await stack.empty_topics()
        yield stack
        stack.stop_services()
    finally:
        local.forget(own)


def planned(state: State, brokers: int = 1, kafka: type[Kafka] = Kafka) -> local.Local:
    nodes = [
        Broker(number, free_port(), free_port(), Proxied(free_port(), free_port()))
        for number in range(1, brokers + 1)
    ]
    return local.Local(state, kafka(state, tuple(nodes)), locate(state, free_port()))


def sweep() -> None:
    """Remove what test runs left behind that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        ours = folder.stat().st_uid == os.geteuid() and pid.isdecimal()
        if ours and not psutil.pid_exists(int(pid)):
            local.forget(planned(State(folder)))
