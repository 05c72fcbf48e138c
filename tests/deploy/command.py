"""The `yui` command as a process, with a state folder and ports of its own."""

import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy import ports
from deploy.principals import OPERATOR, reached_by
from deploy.services import REPOSITORY
from deploy.state import State
from deploy.supervision import Standing, Supervision


@dataclass(frozen=True)
class Command:
    folder: Path
    port_base: int
    directory: Path = REPOSITORY
    """Where its code is: another release's, where a test has one."""

    @property
    def state(self) -> State:
        return State(self.folder)

    @property
    def supervision(self) -> Supervision:
        return Supervision(self.state, REPOSITORY)

    def __call__(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end, which may be a refusal."""
        own = {"YUI_STATE": str(self.folder), "YUI_PORT_BASE": str(self.port_base)}
        return subprocess.run(  # noqa: S603 - our own command, no shell
            [sys.executable, "-m", "deploy", *words],
            cwd=self.directory,
            env={**os.environ, **own, **variables},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def up(self) -> subprocess.CompletedProcess[str]:
        """Start the servers and one service: that is all these tests look at."""
        return self("up", "--service", "organisations")

    @property
    def kafka(self) -> str:
        return f"127.0.0.1:{self.port_base + ports.KAFKA}"

    def reached_by(self, name: str) -> str:
        """How one principal reaches its Kafka."""
        return reached_by(self.state, name, f"{OPERATOR}@{self.kafka}")

    def running(self) -> dict[str, Standing]:
        return {one.name: one for one in self.supervision.standings() if one.pid}


def free_base() -> int:
    while True:
        base = random.randrange(22_000, 31_000)
        if all(
            ports.is_free(base + n)
            for n in (*range(1, 9), ports.POSTGRES, *range(ports.KAFKA, ports.KAFKA + 6))
        ):
            return base
