"""The eight services: their names, their ports, and how each is started."""

import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
KEEP_PEOPLE = ("nonprofit_staffing", "volunteers")
"""As in `shared.schema`: the checker, which needs their roles, shares no code with services."""


@dataclass(frozen=True)
class Service:
    name: str
    number: int

    @property
    def topic(self) -> str:
        return f"yui.{self.name}.v1"

    @property
    def reader(self) -> str:
        """The role that answers requests, behind row-level security."""
        return f"{self.name}_reader"

    @property
    def people(self) -> str | None:
        """The role that alone may touch personal data, where the service keeps any."""
        return f"{self.name}_people" if self.name in KEEP_PEOPLE else None

    @property
    def roles(self) -> tuple[str, ...]:
        """Whom the service logs in as: its own, whoever answers, whoever keeps people."""
        return (self.name, self.reader, *([self.people] if self.people else []))

    @property
    def command(self) -> tuple[str, ...]:
        return (sys.executable, "-m", f"services.{self.name}.app")

    def exists(self) -> bool:
        package = importlib.util.find_spec(f"services.{self.name}")
        return package is not None and importlib.util.find_spec(f"{package.name}.app") is not None

    def port(self, base: int) -> int:
        return base + self.number


SERVICES = tuple(
    Service(name, number)
    for number, name in enumerate(
        (
            "organisations",
            "homes",
            "government_sponsorship",
            "nonprofit_staffing",
            "rent_sponsorship",
            "volunteers",
            "ledger",
            "eventlog",
        ),
        start=1,
    )
)
BY_NAME = {service.name: service for service in SERVICES}


def present(names: Iterable[str] = ()) -> tuple[Service, ...]:
    """Return the services that have a module to run, or those of them that are named."""
    wanted = set(names)
    return tuple(s for s in SERVICES if s.exists() and (not wanted or s.name in wanted))


@dataclass(frozen=True)
class Surroundings:
    """What a service process is told about the servers it works with."""

    kafka_bootstrap: str
    database_url: str
    reader_url: str
    people_url: str | None
    host: str
    port: int
    simulated: bool
    operator_key: str


def environment(service: Service, around: Surroundings) -> dict[str, str]:
    """Return the variables that one service process is started with."""
    values = {
        "DATABASE_URL": around.database_url,
        "READER_URL": around.reader_url,
        "KAFKA_BOOTSTRAP": around.kafka_bootstrap,
        "HOST": around.host,
        "PORT": str(around.port),
        "SIMULATED": str(around.simulated).lower(),
    }
    if around.people_url is not None:
        values["PEOPLE_URL"] = around.people_url
    if service.name == "organisations":
        values["OPERATOR_KEY"] = around.operator_key
    return {f"YUI_{service.name.upper()}_{key}": value for key, value in values.items()}
