"""Everything on this machine, up and down: servers, migrations, topics, services."""

import asyncio
import itertools
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import httpx2

from deploy import jars, local, migrations, ports, principals, rights, topics
from deploy.database import AUDITOR, NAME, Database
from deploy.local import Local
from deploy.ports import Ports
from deploy.problem import Problem
from deploy.program import Program, Servers
from deploy.progress import Progress
from deploy.reconciling import nightly
from deploy.services import SERVICES, Service, Surroundings, environment, present
from deploy.state import State, open_state

HOST = "127.0.0.1"
DISK_BYTES_MIN = 500_000_000
PROBE_SECONDS = 5


@dataclass(frozen=True)
class Runtime:
    state: State
    ports: Ports
    local: Local
    servers: Servers

    @property
    def replication(self) -> int:
        """How many copies a new topic has; on brokers that are given, that is asked of each."""
        return self.local.kafka.replication if self.local.kafka else 1

    @property
    def database(self) -> Database:
        return Database(self.servers.database_url, NAME, self.state)

    def bootstrap_of(self, name: str) -> str:
        """How one principal reaches Kafka."""
        return principals.reached_by(self.state, name, self.servers.kafka_bootstrap)

    @property
    def bootstrap(self) -> str:
        """How whoever runs Yui reaches Kafka."""
        return self.bootstrap_of(principals.OPERATOR)

    def addresses(self) -> dict[str, str]:
        """Return each service's URL; YUI_<NAME>_URL names one that runs elsewhere."""
        return {
            service.name: os.environ.get(
                f"YUI_{service.name.upper()}_URL", f"http://{HOST}:{service.port(self.ports.base)}"
            )
            for service in SERVICES
        }

    def operator_key(self) -> str:
        return os.environ.get("YUI_OPERATOR_KEY") or self.state.operator_key()

    def program(self, service: Service) -> Program:
        around = Surroundings(
            kafka_bootstrap=self.bootstrap_of(service.name),
            database_url=self.database.url(service.name),
            reader_url=self.database.url(service.reader),
            people_url=self.database.url(service.people) if service.people else None,
            host=HOST,
            port=service.port(self.ports.base),
            simulated=self.state.kept("simulated", "false") == "true",
            operator_key=self.state.operator_key(),
        )
        return Program(service.name, service.command, environment(service, around))

    def programs(self) -> list[Program]:
        """Return what runs beside the servers: the services, and the nightly reconciliation."""
        services = [self.program(service) for service in present()]
        return [*services, nightly.program(*self.audited(), self.state.folder)]

    def audited(self) -> tuple[str, str]:
        return self.database.url(AUDITOR), self.bootstrap_of(AUDITOR)


def configured(*, any_version: bool = False) -> Runtime:
    """Return the runtime as the environment describes it; starts nothing."""
    state, at = open_state(any_version=any_version), ports.configured()
    bootstrap = os.environ.get("YUI_KAFKA_BOOTSTRAP", "")
    url = os.environ.get("YUI_DATABASE_URL", "")
    brokers = _settled_brokers(state)
    own = local.plan(state, at, brokers, own_kafka=not bootstrap, own_postgres=not url)
    return Runtime(state, at, own, local.addresses(own, bootstrap, url))


async def up(
    runtime: Runtime,
    progress: Progress,
    names: Sequence[str] = (),
    *,
    simulated: bool | None = None,
) -> Sequence[Service]:
    """Bring everything up that is not; what already runs is left as it is."""
    with runtime.state.locked():
        _settle_simulation(runtime.state, simulated=simulated)
        _refuse_other_brokers(runtime.state)
        _require_disk(runtime.state)
        _say_account(runtime.local, progress)
        await start_servers(runtime, progress)
        await migrate(runtime, progress)
        with progress.step("Declaring topics, and who may use them"):
            await declare(runtime)
        services = present(names)
        await _start_services(runtime, services, progress)
        runtime.local.supervision.run(nightly.NAME)
        return services


async def start_servers(runtime: Runtime, progress: Progress) -> None:
    own = runtime.local
    if own.kafka and not jars.jars_folder().exists():
        with progress.step("Fetching Kafka's jars, this once") as advance:
            await asyncio.to_thread(jars.fetch_jars, advance)
    if own.programs():
        with progress.step("Starting PostgreSQL and Kafka"):
            await local.prepare(own)
            await local.start(own, runtime.programs())
    else:
        await asyncio.to_thread(own.supervision.start, runtime.programs())


async def migrate(runtime: Runtime, progress: Progress) -> None:
    with progress.step("Migrating"):
        for line in await migrations.migrate(runtime.database, SERVICES):
            progress.say(f"  {line}")


async def declare(runtime: Runtime, replication: int | None = None) -> list[topics.Topic]:
    """Make topics, users and rights in Kafka what the code needs; twice changes nothing."""
    await rights.declare(runtime.state, runtime.servers.kafka_bootstrap)
    return await topics.apply(runtime.bootstrap, replication=replication or runtime.replication)


async def _start_services(
    runtime: Runtime, services: Sequence[Service], progress: Progress
) -> None:
    supervision = runtime.local.supervision
    running = {standing.name for standing in supervision.standings() if standing.pid}
    for service in services:
        if service.name not in running:
            ports.require_free(service.port(runtime.ports.base), service.name)
    with progress.step(f"Starting {len(services)} services") as advance:
        for service in services:
            supervision.run(service.name)
        count = itertools.count(1)

        async def wait_for(service: Service) -> None:
            probe = partial(answers, runtime.addresses()[service.name])
            await local.ready(service.name, probe, supervision)
            advance(next(count), len(services))

        await asyncio.gather(*(wait_for(service) for service in services))


async def answers(address: str) -> bool:
    readiness = await ask_readiness(address)
    return readiness is not None and readiness[0]


async def ask_readiness(address: str) -> tuple[bool, Mapping[str, object]] | None:
    """Return whether a service is ready and what it says of itself; None if it is away."""
    async with httpx2.AsyncClient(base_url=address, timeout=PROBE_SECONDS) as client:
        try:
            response = await client.get("/readyz")
        except httpx2.TransportError:
            return None
    try:
        body = response.json()
    except ValueError:
        body = {}
    return response.status_code == httpx2.codes.OK, body if isinstance(body, dict) else {}


def down(runtime: Runtime, progress: Progress, *, forget: bool = False) -> None:
    """Stop everything that was started here, orphans too; twice is no error."""
    supervision = runtime.local.supervision
    with runtime.state.locked():
        if supervision.is_alive():
            with progress.step("Stopping everything"):
                supervision.shut_down()
        elif ended := supervision.end_orphans():
            progress.say(f"Stopped {ended} processes that a killed supervisor had left")
        else:
            progress.say("Nothing was running")
        if forget:
            local.forget(runtime.local)
            progress.say(f"Forgot all data in {runtime.state.folder}")


def _settled_brokers(state: State) -> int:
    """A state folder has one broker or three for ever: what is there would not be copied."""
    asked = os.environ.get("YUI_KAFKA_BROKERS", "1")
    if asked not in {"1", "3"}:
        raise Problem(f"YUI_KAFKA_BROKERS={asked} cannot be", "Give 1, or 3: any one may be lost")
    began_with_one = (state.folder / "kafka" / "data").exists()
    return int(state.kept("brokers", "1" if began_with_one else asked))


def _refuse_other_brokers(state: State) -> None:
    asked, kept = os.environ.get("YUI_KAFKA_BROKERS"), str(_settled_brokers(state))
    if asked not in {None, kept}:
        raise Problem(
            f"{state.folder} began with {kept} of Kafka's brokers, not with {asked}",
            "Name another folder in YUI_STATE, or forget its data with `make clean`",
        )


def _settle_simulation(state: State, *, simulated: bool | None) -> None:
    """A state folder plays either on the real date or on a simulated one, for ever."""
    asked = None if simulated is None else str(simulated).lower()
    kept = state.kept("simulated", asked or "false")
    if asked not in {None, kept}:
        now, other = ("simulated", "real") if kept == "true" else ("real", "simulated")
        raise Problem(
            f"{state.folder} runs on the {now} date, not on the {other} one",
            "Name another folder in YUI_STATE, or forget its data with `make clean`",
        )


def _require_disk(state: State) -> None:
    free = shutil.disk_usage(state.folder).free
    if free < DISK_BYTES_MIN:
        raise Problem(
            f"the disk of {state.folder} is nearly full: {free // 1_000_000} MB are left",
            f"Free at least {DISK_BYTES_MIN // 1_000_000} MB, or name another disk in YUI_STATE",
        )


def _say_account(own: Local, progress: Progress) -> None:
    if own.postgres and own.postgres.account:
        name = own.postgres.account.name
        progress.say(f"You are root: PostgreSQL, which refuses that, runs as {name}")
        if own.postgres.moved:
            progress.say(
                f"{name} cannot reach this folder: its files are in {own.postgres.folder}"
            )
