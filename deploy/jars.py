"""Kafka's jars: fetched once as jgo's committed lock says, and checked against its hashes."""

import hashlib
import os
import shutil
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from deploy.problem import Problem

LOCK = Path(__file__).with_name("kafka.lock.toml")


def cache() -> Path:
    """Return the folder for what is fetched once and belongs to no state folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("YUI_CACHE") or Path(base) / "yui").absolute()


def jars_folder() -> Path:
    return cache() / f"kafka-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"


def fetch_jars(advance: Callable[[int, int], None] = lambda _done, _all: None) -> Path:
    """Return a folder with every jar of the lock; it appears whole or not at all."""
    folder = jars_folder()
    if folder.exists():
        return folder
    dependencies = tomllib.loads(LOCK.read_text())["dependencies"]
    draft = folder.with_suffix(f".{os.getpid()}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    with ThreadPoolExecutor(8) as pool:
        for done, jar in enumerate(pool.map(_fetch, dependencies), start=1):
            shutil.copy2(jar, draft)
            advance(done, len(dependencies))
    if folder.exists():  # somebody else was faster
        shutil.rmtree(draft)
    else:
        draft.replace(folder)
    return folder


def _fetch(dependency: dict[str, Any]) -> Path:
    # jgo resolves from the lock's coordinates one by one: its own resolution of the whole graph
    # takes ten times as long, and looks for a second Java to sort the jars with.
    import truststore  # noqa: PLC0415 - not installed where servers are given
    from jgo.maven import MavenContext  # noqa: PLC0415 - as above

    # As pip does: the system's certificates, a company's own proxy among them.
    truststore.inject_into_ssl()
    name = f"{dependency['artifactId']} {dependency['version']}"
    project = MavenContext(repo_cache=cache() / "maven", timeout=60).project(
        dependency["groupId"], dependency["artifactId"]
    )
    artifact = project.at_version(dependency["version"]).artifact()
    for _attempt in range(2):
        try:
            path = Path(artifact.resolve())
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
            raise Problem(
                f"the jar {name} cannot be fetched, no package registry was reached: "
                f"{type(error).__name__}",
                "Check the network or proxy and try again; what has been fetched is kept",
            ) from error
        if hashlib.sha256(path.read_bytes()).hexdigest() == dependency["sha256"]:
            return path
        path.unlink()  # cut short by an earlier kill, or altered: fetch it once more
    raise Problem(f"the jar {name} is not the one in {LOCK.name}", "Do not run it; tell someone")
