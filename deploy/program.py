"""One program that is kept running, and the servers that a stack works with."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Program:
    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    directory: str | None = None
    stop_signal: str = "TERM"
    stop_seconds: int = 30
    start_seconds: int = 10
    """One that ends sooner has failed: it is tried again after a pause, and a longer one."""
    rank: int = 100
    """Stopped in falling order of rank: services, Kafka, PostgreSQL."""


@dataclass(frozen=True)
class Servers:
    """Where Kafka and PostgreSQL are; the URL is an administrator's, to the database `yui`."""

    kafka_bootstrap: str
    database_url: str
