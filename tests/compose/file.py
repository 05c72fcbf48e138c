"""The compose file as a reader of YAML sees it."""

import re
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.services import REPOSITORY, SERVICES

FILE: Final = REPOSITORY / "docker-compose.yml"
DOCKERFILE: Final = REPOSITORY / "deploy" / "image" / "Dockerfile"

Described = dict[str, Any]
COMPOSE: Final[Described] = yaml.safe_load(FILE.read_text())
ALL: Final[dict[str, Described]] = COMPOSE["services"]
NAMES: Final = tuple(service.name for service in SERVICES)
SERVERS: Final = ("postgres", "kafka")
JOBS: Final = ("passwords", "migrate", "topics")
NIGHTLY: Final = "reconcile"
COMMANDS: Final = ("demo", "yui")


def default(text: str) -> str:
    """Return a text with its variables as they are when nobody sets them."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def ports(name: str) -> list[list[str]]:
    """Return the address, the port outside and the port inside of each port that is published."""
    return [default(port).split(":") for port in ALL[name].get("ports", ())]


def mounts(name: str) -> dict[str, str]:
    """Return what is mounted, by where it is mounted."""
    split = (volume.split(":") for volume in ALL[name].get("volumes", ()))
    return {inside: source for source, inside, *_ in split}


def lines(path: Path) -> list[str]:
    """Return the lines of a Dockerfile or requirements, each continued one as a whole."""
    return re.sub(r"\\\n\s*", "", path.read_text()).splitlines()
