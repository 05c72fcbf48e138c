"""Migrations, forward only, by dbmate: the delivery tables first, then the service's own."""

import asyncio
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from deploy.database import OWNER, Database, connected, declare
from deploy.problem import Problem
from deploy.services import REPOSITORY, Service
from shared.schema import migrations_of

DOWN = "-- migrate:down"
APPLIED = "Applied: "
READABLE = "GRANT SELECT ON {name}.schema_migrations TO {name}"


async def migrate(database: Database, services: Sequence[Service]) -> list[str]:
    """Bring roles, schemas and tables to what the code needs; say which migrations were new."""
    await declare(database, services)
    return [line for service in services for line in await _migrate_one(database, service)]


async def _migrate_one(database: Database, service: Service) -> list[str]:
    _refuse_equal_versions(service)
    applied = []
    for folder in migrations_of(service.name):
        if any(folder.glob("*.sql")):
            applied += await _dbmate(database, service, folder)
    async with connected(database.administrator()) as connection:
        if await connection.fetchval(
            "SELECT to_regclass($1)", f"{service.name}.schema_migrations"
        ):
            await connection.execute(READABLE.format(name=service.name))
    return applied


def _refuse_equal_versions(service: Service) -> None:
    """The folders share one table of versions: dbmate would take the second for applied."""
    seen: set[str] = set()
    for folder in migrations_of(service.name):
        for path in sorted(folder.glob("*.sql")):
            version = path.name.partition("_")[0]
            if version in seen:
                raise Problem(
                    f"the migration {path.relative_to(REPOSITORY)} has a version of another",
                    "Give it a later one",
                )
            seen.add(version)


async def _dbmate(database: Database, service: Service, folder: Path) -> list[str]:
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
    if process.returncode != 0:
        raise Problem(
            f"a migration of {service.name} failed: {lines[-1] if lines else 'without a word'}",
            f"Mend it in {folder.relative_to(REPOSITORY)} and run `yui migrate` again",
        )
    done = [line.removeprefix(APPLIED) for line in lines if line.startswith(APPLIED)]
    return [f"{service.name}: {line}" for line in done]


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
