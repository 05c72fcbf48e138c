"""Becomes one service in its container: `python -m deploy.compose.service ledger`."""

import os
import sys

from deploy.database import NAME, Database
from deploy.principals import reached_by
from deploy.services import BY_NAME, Service, Surroundings, environment
from deploy.state import State, default_folder

ANYWHERE = "0.0.0.0"  # noqa: S104 - of its container; compose publishes it on loopback alone
PORT = 8080


def surroundings(service: Service, state: State) -> Surroundings:
    """Return what compose's variables and this service's own secrets say."""
    database = Database(os.environ["YUI_DATABASE_URL"], NAME, state)
    return Surroundings(
        kafka_bootstrap=reached_by(state, service.name, os.environ["YUI_KAFKA_BOOTSTRAP"]),
        database_url=database.url(service.name),
        reader_url=database.url(service.reader),
        people_url=database.url(service.people) if service.people else None,
        host=ANYWHERE,
        port=PORT,
        simulated=os.environ["YUI_SIMULATED"] == "true",
        operator_key=state.operator_key() if state.operator_key_file.exists() else "",
    )


if __name__ == "__main__":
    this = BY_NAME[sys.argv[1]]
    told = environment(this, surroundings(this, State(default_folder())))
    os.execve(this.command[0], this.command, {**os.environ, **told})  # noqa: S606 - no shell
