"""Becomes the nightly reconciliation in its container, which knows the auditor alone."""

import os
from pathlib import Path

from deploy.database import AUDITOR, NAME, Database
from deploy.principals import reached_by
from deploy.program import Program
from deploy.reconciling.nightly import program
from deploy.state import State, default_folder

FOUND = Path("/var/lib/reconciled")


def job(state: State) -> Program:
    """Return what compose's variables and the auditor's passwords make of it."""
    url = Database(os.environ["YUI_DATABASE_URL"], NAME, state).url(AUDITOR)
    bootstrap = reached_by(state, AUDITOR, os.environ["YUI_KAFKA_BOOTSTRAP"])
    return program(url, bootstrap, FOUND)


if __name__ == "__main__":
    this = job(State(default_folder()))
    os.execve(this.command[0], this.command, {**os.environ, **this.environment})  # noqa: S606 - no shell
