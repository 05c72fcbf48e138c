"""Migrations, forward only, by dbmate: the delivery tables first, then the service's own."""

import asyncio
import random
import sysconfig
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from deploy.database import OWNER, Database, connected, declare
from deploy.problem import Problem
from deploy.services import REPOSITORY, Service
from shared.schema import migrations_of

DOWN = "-- migrate:down"
APPLIED = "Applied: "
READABLE = "GRANT SELECT ON {name}.schema_migrations TO {name}"
WAITED: Final = ("canceling statement due to lock timeout", "deadlock detected")
"""A step gives way where others work: nothing of it was done, and it is tried again."""
TRY_AGAIN_S: Final = 120.0
"""Longer than a process that was paused within a transaction holds its rows."""
PAUSE_S: Final = (0.2, 1.0)

ALONE = "SELECT pg_advisory_lock(hashtext('yui migrate'))"
UNREADY = """
-- Indexes that are being built, or whose building was broken off.
SELECT indexrelid::regclass::text AS name FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid WHERE NOT indisvalid AND relnamespace = $1::regnamespace
"""
BUILT_NOW = """
-- Indexes that somebody builds just now: whoever was killed has left a server that goes on.
SELECT index_relid::regclass::text AS name FROM pg_stat_progress_create_index
WHERE datname = current_database()
"""
BUILT_PAUSE_S: Final = 0.2


async def migrate(database: Database, services: Sequence[Service]) -> list[str]:
    """Bring roles, schemas and tables to what the code needs; say which migrations were new."""
    await declare(database, services)
    async with _alone(database):
        return [
            line
            for service in services
            for line in await _migrate_one(database, service, migrations_of(service.name))
        ]


async def migrate_like(database: Database, second: Service, first: Service) -> None:
    """Make a role and a schema that hold what another service's do."""
    await declare(database, [second])
    async with _alone(database):
        await _migrate_one(database, second, migrations_of(first.name))


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[None]:
    """One at a time: what another is building looks as if it had been left half-built."""
    async with connected(database.administrator()) as connection:
        await connection.execute(ALONE, timeout=None)
        yield


async def _migrate_one(database: Database, service: Service, folders: Sequence[Path]) -> list[str]:
    _refuse_equal_versions(folders)
    applied = []
    for folder in folders:
        if any(folder.glob("*.sql")):
            applied += await _until_applied(database, service, folder)
    async with connected(database.administrator()) as connection:
        if await connection.fetchval(
            "SELECT to_regclass($1)", f"{service.name}.schema_migrations"
        ):
            await connection.execute(READABLE.format(name=service.name))
    return applied


async def _until_applied(database: Database, service: Service, folder: Path) -> list[str]:
    """Try until no step had to give way: one that waits for a lock keeps all others waiting."""
    applied: list[str] = []
    deadline = time.monotonic() + TRY_AGAIN_S
    while True:
        await _drop_half_built(database, service)
        done, fault = await _dbmate(database, service, folder)
        applied += done
        if fault is None:
            return [f"{service.name}: {line}" for line in applied]
        if time.monotonic() > deadline or not any(words in fault for words in WAITED):
            raise Problem(
                f"a migration of {service.name} failed: {fault}",
                f"Mend it in {folder.relative_to(REPOSITORY)} and run `yui migrate` again",
            )
        await asyncio.sleep(random.uniform(*PAUSE_S))  # noqa: S311  jitter


async def _drop_half_built(database: Database, service: Service) -> None:
    """They answer nothing, and stand in the way of another try; but not while they are built.

    What was unready before nobody built it, and is so after that, was broken off.
    """
    async with connected(database.url(OWNER)) as connection:
        while unready := await _indexes(connection, UNREADY, service.name):
            built_now = await _indexes(connection, BUILT_NOW)
            for name in unready & await _indexes(connection, UNREADY, service.name) - built_now:
                await connection.execute(f"DROP INDEX CONCURRENTLY {name}")
            await asyncio.sleep(BUILT_PAUSE_S)


async def _indexes(
    connection: "asyncpg.Connection[asyncpg.Record]", query: str, *arguments: object
) -> set[str]:
    return {row["name"] for row in await connection.fetch(query, *arguments)}


def _refuse_equal_versions(folders: Sequence[Path]) -> None:
    """The folders share one table of versions: dbmate would take the second for applied."""
    seen: set[str] = set()
    for folder in folders:
        for path in sorted(folder.glob("*.sql")):
            version = path.name.partition("_")[0]
            if version in seen:
                raise Problem(
                    f"the migration {path.relative_to(REPOSITORY)} has a version of another",
                    "Give it a later one",
                )
            seen.add(version)


async def _dbmate(
    database: Database, service: Service, folder: Path
) -> tuple[list[str], str | None]:
    """Apply what is new; return what was applied, and what went wrong."""
    with tempfile.TemporaryDirectory(prefix="yui-migrations-") as copies:
        _copy_forward_only(folder, Path(copies))
        process = await asyncio.create_subprocess_exec(
            str(Path(sysconfig.get_path("scripts")) / "dbmate"),
            *("--env", "YUI_MIGRATION_URL", "--env-file", "/dev/null"),
            *("--migrations-dir", copies, "--no-dump-schema", "--migration-lock", "migrate"),
            env={"YUI_MIGRATION_URL": _url(database, service)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        lines = (await process.communicate())[0].decode().strip().splitlines()
    done = [line.removeprefix(APPLIED) for line in lines if line.startswith(APPLIED)]
    if process.returncode == 0:
        return done, None
    return done, lines[-1] if lines else "without a word"


def _copy_forward_only(folder: Path, copies: Path) -> None:
    for path in folder.glob("*.sql"):
        text = path.read_text()
        # dbmate insists on a way back; ours go forward only, so it is given an empty one.
        (copies / path.name).write_text(text if DOWN in text else f"{text}\n{DOWN}\n")


def _url(database: Database, service: Service) -> str:
    parts = urlsplit(database.url(OWNER))
    # dbmate's driver insists on TLS unless told otherwise; asyncpg tries it and goes on without.
    query = {"sslmode": "disable", **dict(parse_qsl(parts.query)), "search_path": service.name}
    return urlunsplit(parts._replace(query=urlencode(query)))
