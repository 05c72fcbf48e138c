"""Who logs in to Kafka, and what each may do there: a service writes its own topic alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from deploy.database import AUDITOR
from deploy.services import BY_NAME, SERVICES, Service
from deploy.state import State
from shared.contracts.registry import HEARD

BROKER: Final = "broker"
"""Brokers among themselves, and whoever keeps the users: known to Kafka before any user is."""
OPERATOR: Final = "yui"
"""The `yui` command: declares topics, refills them."""
SUPER_USERS: Final = (BROKER, OPERATOR)
USERS: Final = (OPERATOR, AUDITOR, *BY_NAME)
"""All that log in by SCRAM."""
LOGIN: Final = """\
KafkaServer {{
  org.apache.kafka.common.security.scram.ScramLoginModule required;
  org.apache.kafka.common.security.plain.PlainLoginModule required
    username="{name}" password="{password}" user_{name}="{password}";
}};
"""

Kind: TypeAlias = Literal["topic", "group"]
Operation: TypeAlias = Literal["read", "write"]


@dataclass(frozen=True)
class Right:
    """That one principal may do one thing; describing follows from each."""

    principal: str
    operation: Operation
    kind: Kind
    name: str


def rights() -> Iterator[Right]:
    """All that anybody may do who is no super user."""
    for service in SERVICES:
        yield from _rights_of(service)
        yield Right(AUDITOR, "read", "topic", service.topic)


def _rights_of(service: Service) -> Iterator[Right]:
    # It reads its own topic, too: what it has published is held against its tables.
    yield Right(service.name, "write", "topic", service.topic)
    for topic in dict.fromkeys((service.topic, *HEARD.get(service.name, ()))):
        yield Right(service.name, "read", "topic", topic)
    yield Right(service.name, "read", "group", service.name)


def password(state: State, name: str) -> str:
    return state.secret(f"kafka-{name}.password")


def ask(bootstrap: str) -> bool:
    """Whether these brokers ask who comes, and each logs in as itself: `yui@host:port`."""
    return bootstrap.startswith(f"{OPERATOR}@")


def reached_by(state: State, name: str, bootstrap: str) -> str:
    """How one principal reaches brokers that ask; others are reached by all as they are given."""
    if not ask(bootstrap):
        return bootstrap
    return f"{name}:{password(state, name)}@{bootstrap.partition('@')[2]}"


def brokers_login(state: State) -> str:
    """What brokers read in their JAAS file: who they are themselves."""
    return LOGIN.format(name=BROKER, password=password(state, BROKER))
