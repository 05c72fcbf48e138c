"""Makes every password and the operator's key, once, before anything else starts in compose.

The state volume keeps them all, for the jobs and the `yui` command. Each service has a volume of
its own that holds what this one service may know, laid out like a state folder.
"""

from pathlib import Path

from deploy.database import AUDITOR, OWNER
from deploy.postgres import ADMINISTRATOR
from deploy.principals import OPERATOR, brokers_login, password
from deploy.services import SERVICES
from deploy.state import State, open_state, write_private

VOLUMES = Path("/run/secrets")


def lay_out(state: State, volumes: Path) -> None:
    """Write each secret where it is read; twice changes nothing."""
    for role in (OWNER, AUDITOR):
        state.secret(f"{role}.password")
    state.operator_key()
    administrator = state.secret(f"{ADMINISTRATOR}.password")
    write_private(state.folder / "secrets" / "pgpass", f"*:*:*:{ADMINISTRATOR}:{administrator}\n")
    # Upstream's images read theirs as accounts of their own. No other container mounts these.
    _write_readable(volumes / "postgres" / "password", administrator)
    _write_readable(volumes / "kafka" / "jaas.conf", brokers_login(state))
    password(state, OPERATOR)
    for service in SERVICES:
        for role in (*service.roles, f"kafka-{service.name}"):
            _give(state, volumes / service.name, role)
    for role in (AUDITOR, f"kafka-{AUDITOR}"):
        _give(state, volumes / AUDITOR, role)
    write_private(volumes / "organisations" / "operator.key", state.operator_key())


def _give(state: State, volume: Path, role: str) -> None:
    name = f"{role}.password"
    write_private(volume / name, state.secret(name))


def _write_readable(path: Path, text: str) -> None:
    write_private(path, text)
    path.chmod(0o444)


if __name__ == "__main__":
    lay_out(open_state(), VOLUMES)
