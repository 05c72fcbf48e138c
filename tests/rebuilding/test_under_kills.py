"""A second ledger while the first goes on, and whatever is killed meanwhile."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from subprocess import Popen

import psutil
import pytest

from deploy.checking.check import Asked, check
from deploy.database import Database, connected
from deploy.rebuilding import standing
from tests.chaos.rebuilding import rebuild_meanwhile
from tests.support.eventually import assert_eventually
from tests.support.rebuilding import started
from tests.support.stack import ServiceProcess, Stack
from tests.support.village import village
from tests.support.writing import written

SERVICES = ("homes", "rent_sponsorship", "ledger", "eventlog")
BOOKED_BEFORE = 300
STRIKES = ("ledger", "reader", "postgres", "postgres")
"""What is killed while a rebuild is at work; then the rebuild itself, but for the last."""
WITHIN_SECONDS = 120


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "rebuild.log"


@dataclass(frozen=True)
class Here:
    stack: Stack
    database: Database


async def ends(process: "Popen[bytes]", output: Path) -> None:
    async def has_ended() -> bool:
        return process.poll() is not None

    await assert_eventually(has_ended, within_seconds=WITHIN_SECONDS, why=str(output))


async def ends_with(code: int, process: "Popen[bytes]", output: Path) -> str:
    """Wait for its end, and return what it said."""
    await ends(process, output)
    said = await asyncio.to_thread(output.read_text)
    assert process.returncode == code, said[-3000:]
    return said


async def read_so_far(database: Database) -> int:
    """How many records the second ledger has applied; none where it is not there."""
    with suppress(Exception):  # the server may be on its way up
        found = await standing.look(database)
        return found.second.read if found is not None and found.second is not None else 0
    return 0


async def test_whatever_is_killed_the_second_ledger_ends_equal_to_the_first(
    stack: Stack, tmp_path: Path, output: Path
) -> None:
    await stack.empty_topics()
    database = await stack.database(*SERVICES)
    try:
        services = [await stack.start(name, database) for name in SERVICES]
        homes, rent, ledger, _ = services
        async with AsyncExitStack() as places:
            villages = [await places.enter_async_context(village(stack, homes)) for _ in range(2)]
            async with written(rent, villages, tmp_path / "journal", patient=True):
                await booked(database, BOOKED_BEFORE)
                for struck in STRIKES[:-1]:
                    rebuilding = await at_work(stack, database, output)
                    await strike(stack, struck, ledger, rebuilding)
                    launch_again(services)
                    await asyncio.to_thread(killed, rebuilding)
                rebuilding = await at_work(stack, database, output)
                await strike(stack, STRIKES[-1], ledger, rebuilding)
                launch_again(services)
                # Struck in its last moments it says that the server is away, and is run again.
                await ends(rebuilding, output)
                await ends_with(0, started(database, stack.auditors_bootstrap, output), output)
                assert await rebuild_meanwhile(Here(stack, database), Random(1))
            found = await check(
                Asked(
                    database_url=database.url("auditor"),
                    bootstrap=stack.kafka_bootstrap,
                    journal=tmp_path / "journal",
                    owned_by_test=("organisations",),
                )
            )
        assert found.differences == 0, found.first
    finally:
        stack.stop_services()
        await stack.drop(database)


async def at_work(stack: Stack, database: Database, output: Path) -> "Popen[bytes]":
    """Begin a rebuild, and wait until it has come further, or has ended."""
    before = await read_so_far(database)
    rebuilding = started(database, stack.auditors_bootstrap, output)

    async def is_at_work() -> bool:
        return rebuilding.poll() is not None or await read_so_far(database) != before

    await assert_eventually(is_at_work, within_seconds=WITHIN_SECONDS, why=str(output))
    return rebuilding


async def strike(
    stack: Stack, struck: str, ledger: ServiceProcess, rebuilding: "Popen[bytes]"
) -> None:
    match struck:
        case "ledger":
            ledger.kill()
            ledger.launch()
        case "postgres":
            await stack.kill(struck)
            await stack.ready()
        case _:
            kill_one_reader(rebuilding)


def killed(rebuilding: "Popen[bytes]") -> None:
    rebuilding.kill()
    rebuilding.wait()


def launch_again(services: Sequence[ServiceProcess]) -> None:
    """Start what has ended by itself, as the process manager does."""
    for service in services:
        if service.process is not None and service.process.poll() is not None:
            service.launch()


def kill_one_reader(rebuilding: "Popen[bytes]") -> None:
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        readers = psutil.Process(rebuilding.pid).children()
        if readers:
            os.kill(readers[0].pid, signal.SIGKILL)


async def booked(database: Database, count: int) -> None:
    async def enough() -> bool:
        async with connected(database.url("auditor")) as connection:
            return bool(await connection.fetchval("SELECT count(*) FROM ledger.link") >= count)

    await assert_eventually(enough, within_seconds=WITHIN_SECONDS)


async def test_a_rebuild_that_was_killed_leaves_no_reader_and_is_gone_on_with(
    stack: Stack, tmp_path: Path, output: Path
) -> None:
    await stack.empty_topics()
    database = await stack.database("homes", "rent_sponsorship", "ledger")
    try:
        homes, rent, _ = [
            await stack.start(name, database) for name in ("homes", "rent_sponsorship", "ledger")
        ]
        async with village(stack, homes) as place:
            async with written(rent, [place], tmp_path / "journal"):
                await booked(database, 200)
            rebuilding = started(database, stack.auditors_bootstrap, output)

            async def has_begun() -> bool:
                return await read_so_far(database) > 0

            await assert_eventually(has_begun, within_seconds=WITHIN_SECONDS)
            readers = psutil.Process(rebuilding.pid).children()
            killed(rebuilding)
            gone, _ = await asyncio.to_thread(psutil.wait_procs, readers, 10)
            assert len(gone) == len(readers)
            found = await standing.look(database)
            assert found is not None
            assert found.second is not None
            begun_at, read = found.second.begun_at, found.second.read
            await ends_with(0, started(database, stack.auditors_bootstrap, output), output)
            found = await standing.look(database)
            assert found is not None
            assert found.second is not None
            assert found.second.begun_at == begun_at, f"it began anew, though {read} were read"
            assert found.second.differences == 0
    finally:
        stack.stop_services()
        await stack.drop(database)


async def test_two_rebuilds_at_once_are_refused(stack: Stack, output: Path) -> None:
    database = await stack.database("ledger")
    try:
        async with connected(database.url("yui_owner")) as connection:
            lock = "SELECT pg_advisory_lock(hashtext('yui ledger rebuild'))"
            await connection.execute(lock)
            said = await ends_with(2, started(database, stack.auditors_bootstrap, output), output)
        assert "another `yui ledger rebuild` is at work" in said
    finally:
        await stack.drop(database)
