"""Migrations run one by one, as dbmate would, for tests that stop in between."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.schema import migrations_of
from tests.support.copying import REPOSITORY

if TYPE_CHECKING:
    import asyncpg

RELEASED: Final = "20261123"
"""Versions of the previous release begin so, or are smaller."""


def files_of(service: str) -> list[Path]:
    return [path for folder in migrations_of(service) for path in sorted(folder.glob("*.sql"))]


def is_released(path: Path) -> bool:
    return path.name[: len(RELEASED)] <= RELEASED


def new_files() -> list[Path]:
    """Every migration since the previous release, whoever's it is."""
    found = (*REPOSITORY.glob("shared/**/*.sql"), *REPOSITORY.glob("services/*/migrations/*.sql"))
    return sorted(path for path in found if not is_released(path))


def in_transaction(path: Path) -> bool:
    return "transaction:false" not in path.read_text().partition("\n")[0]


async def run_files(
    connection: "asyncpg.Connection[asyncpg.Record]", paths: Iterable[Path]
) -> None:
    for path in paths:
        if in_transaction(path):
            async with connection.transaction():
                await connection.execute(path.read_text())
        else:
            await connection.execute(path.read_text())
