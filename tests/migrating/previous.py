"""The previous release: its own code out of the repository's history, and its own processes."""

import io
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from deploy.database import NAME, Database
from tests.support.copying import REPOSITORY
from tests.support.stack import ServiceProcess, Stack

RELEASE: Final = "0fe81cdda4a53d45fb4ce8d208b78ec52d3022f7"
"""What runs where this release is taken into use: before the ledger's proof."""


@dataclass(frozen=True)
class Release:
    """A release's code, and one database that it and others migrate and work on."""

    folder: Path
    stack: Stack

    @property
    def database(self) -> Database:
        return Database(self.stack.servers.database_url, NAME, self.stack.state)

    def migrate(self) -> subprocess.CompletedProcess[str]:
        return self.yui("migrate")

    def yui(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run its own `yui` command."""
        servers = self.stack.servers
        return subprocess.run(  # noqa: S603 - our own command, no shell
            [sys.executable, "-m", "deploy", *words],
            cwd=self.folder,
            env={
                **os.environ,
                "YUI_STATE": str(self.stack.state.folder),
                "YUI_DATABASE_URL": servers.database_url,
                "YUI_KAFKA_BOOTSTRAP": servers.kafka_bootstrap,
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    async def start(self, name: str) -> ServiceProcess:
        """Launch one of its services and wait until it is ready."""
        process = self.stack.process(name, self.database)
        process.directory = self.folder
        process.launch()
        await process.ready()
        return process


def previous_release(to: Path) -> Path:
    """Take its code out of the history; a test without history says so and is skipped."""
    archive = ("git", "archive", "--format=tar", RELEASE, "services", "shared", "deploy")
    done = subprocess.run(  # noqa: S603 - a fixed program, no shell
        archive, cwd=REPOSITORY, capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(
            f"NOT TESTED: the way from the previous release. Its code ({RELEASE[:7]}) is not in "
            "the history here: clone the repository with all of it"
        )
    to.mkdir()
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as files:
        files.extractall(to, filter="data")
    return to
