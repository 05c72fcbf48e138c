"""The unprivileged account that PostgreSQL runs under when Yui is started by root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.problem import Problem


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    def reaches(self, path: Path) -> bool:
        """Ask the system itself, by trying: modes, ACLs and mounts all count."""
        asked = subprocess.run(  # noqa: S603 - a fixed program, no shell
            ["/usr/bin/env", "test", "-x", str(path)],
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            check=False,
        )
        return asked.returncode == 0


def unprivileged() -> Account | None:
    """Return who PostgreSQL must run as, or None if whoever we are will do."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise Problem(
        "PostgreSQL refuses to run as root and there is no account postgres or nobody",
        "Run yui as another user",
    )
