"""The state folder: its version, its secrets and where each thing in it lies."""

import contextlib
import fcntl
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.problem import Problem
from deploy.services import REPOSITORY

VERSION = "1"
# The kernel's limit is 107 bytes; supervisor appends a process number to the name at first.
SOCKET_PATH_BYTES_MAX = 90


@dataclass(frozen=True)
class State:
    folder: Path

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def sockets(self) -> Path:
        return short(self.folder / "run", self.fingerprint)

    def secret(self, name: str, length_bytes: int = 24) -> str:
        """Return a secret of this name, made at its first use and kept."""
        return self.kept(f"secrets/{name}", secrets.token_hex(length_bytes))

    def operator_key(self) -> str:
        key = f"yui_{secrets.token_hex(8)}_{secrets.token_urlsafe(32)}"
        return self.kept("secrets/operator.key", key)

    @property
    def operator_key_file(self) -> Path:
        return self.folder / "secrets" / "operator.key"

    def kept(self, name: str, value: str) -> str:
        """Return what the file of this name holds, and write `value` to it if there is none."""
        path = self.folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            write_private(path, value)
        return path.read_text().strip()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder alone: two `yui up` at once would start everything twice."""
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Problem(
                    f"another yui command is at work in {self.folder}", "Wait until it is done"
                ) from error
            yield


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def short(folder: Path, fingerprint: str) -> Path:
    """Return the folder, or a stand-in under the temporary folder if a socket would not fit."""
    if len(os.fsencode(folder)) + len("/supervisor.sock") <= SOCKET_PATH_BYTES_MAX:
        return folder
    return Path(tempfile.gettempdir()) / f"yui-{os.geteuid()}-{fingerprint}"


def default_folder() -> Path:
    return Path(os.environ.get("YUI_STATE") or REPOSITORY / ".yui").expanduser().absolute()


def open_state(folder: Path | None = None, *, any_version: bool = False) -> State:
    """Return the state folder, made if need be; refuse one of another version or of others."""
    state = State(folder or default_folder())
    try:
        # 0711, not 0700: as root, PostgreSQL's own user must pass through it.
        state.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        _require_ours(state.folder)
        found = state.kept("version", VERSION)
    except OSError as error:
        raise Problem(
            f"the state folder {state.folder} cannot be written ({error.strerror})",
            "Mend its rights or name another in YUI_STATE",
        ) from error
    if found != VERSION and not any_version:
        raise Problem(
            f"{state.folder} is a state folder of version {found}, this is version {VERSION}",
            "Name another in YUI_STATE, or forget its data with `make clean`",
        )
    for name in (state.logs, state.sockets):
        own_folder(name)
    return state


def _require_ours(folder: Path) -> None:
    """Refuse a folder with other things in it: `yui down --forget` would delete them."""
    if not (folder / "version").exists() and any(folder.iterdir()):
        raise Problem(
            f"{folder} is neither empty nor a state folder", "Name a new folder in YUI_STATE"
        )


def own_folder(folder: Path) -> None:
    """Make a folder for its owner alone, and refuse one that somebody else made first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        raise Problem(f"{folder} belongs to another user", "Remove it, or name another YUI_STATE")
