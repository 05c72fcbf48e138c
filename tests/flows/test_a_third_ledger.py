"""Two ledgers share the work, and a third comes and goes, politely or not: nobody feels it."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import httpx2

from deploy import topics
from deploy.checking.check import Asked, check
from deploy.database import AUDITOR, connected
from shared.contracts import homes as homes_contract
from tests.support.eventually import assert_eventually
from tests.support.groups import shares
from tests.support.stack import MakeDatabase, ServiceProcess, Stack
from tests.support.village import Village, village
from tests.support.writing import written

WITHIN_S = 60
"""A member that says nothing any more is missed after ten seconds."""
PARTITION = "SELECT partition FROM eventlog.logged_event WHERE topic = $1 AND key = $2 LIMIT 1"


async def test_a_third_ledger_joins_and_dies_without_any_error(
    stack: Stack, database: MakeDatabase, tmp_path: Path
) -> None:
    await stack.empty_topics()
    db = await database("homes", "rent_sponsorship", "ledger", "eventlog")
    homes, rent, *ledgers, _ = [
        await stack.start(name, db)
        for name in ("homes", "rent_sponsorship", "ledger", "ledger", "eventlog")
    ]
    async with AsyncExitStack() as places, connected(db.url(AUDITOR)) as connection:
        by_third: dict[int, Village] = {}
        while len(by_third) < 3:
            place = await places.enter_async_context(village(stack, homes))
            by_third[await third_of(connection, place.home_id)] = place
        third = stack.process("ledger", db)
        villages, journal = list(by_third.values()), tmp_path / "journal"
        async with written(rent, villages, journal) as writing:
            await share_the_work(stack, ledgers)
            for leaves in (kill, stop):
                third.launch()
                await share_the_work(stack, [*ledgers, third])
                await leaves(third)
                await share_the_work(stack, ledgers)
    findings = await check(
        Asked(
            database_url=db.url(AUDITOR),
            bootstrap=stack.kafka_bootstrap,
            journal=journal,
            owned_by_test=("organisations",),
        )
    )
    assert findings.differences == 0, findings.first
    assert writing.accepted > 100
    for ledger in (*ledgers, third):
        assert not list(errors(ledger))


async def kill(ledger: ServiceProcess) -> None:
    await asyncio.to_thread(ledger.kill)


async def stop(ledger: ServiceProcess) -> None:
    await ledger.stop()
    assert ledger.process is not None
    assert ledger.process.returncode == 0


async def third_of(connection: "asyncpg.Connection[asyncpg.Record]", home_id: str) -> int:
    """Return which of three ledgers will have a home, once the two that are there have it."""
    found: list[int] = []

    async def is_told() -> bool:
        partition = await connection.fetchval(PARTITION, homes_contract.TOPIC, home_id)
        found.extend([] if partition is None else [partition])
        return bool(found)

    await assert_eventually(is_told)
    return found[-1] * 3 // topics.PARTITIONS


async def share_the_work(stack: Stack, ledgers: Sequence[ServiceProcess]) -> None:
    """Wait until each has as many partitions as the others, and books what comes there."""

    async def share_alike() -> None:
        found = await shares(stack.kafka_bootstrap, "ledger")
        assert found is not None, "the group is not at rest"
        assert len(found) == len(ledgers)
        assert len({len(partitions) for partitions in found}) == 1, found

    await assert_eventually(share_alike, within_seconds=WITHIN_S)
    before = [await batches(ledger) for ledger in ledgers]

    async def each_books() -> None:
        now = [await batches(ledger) for ledger in ledgers]
        assert all(later > earlier for later, earlier in zip(now, before, strict=True)), now

    await assert_eventually(each_books, within_seconds=WITHIN_S)


async def batches(ledger: ServiceProcess) -> float:
    async with httpx2.AsyncClient(base_url=ledger.url, timeout=5) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    [counted] = [line for line in lines if line.startswith("yui_batch_seconds_count ")]
    return float(counted.split()[1])


def errors(ledger: ServiceProcess) -> Iterator[str]:
    """Yield what it says of faults: its own lines are JSON, those of libraries are not."""
    for line in ledger.log.read_text().splitlines():
        level = json.loads(line)["level"] if line.startswith("{") else line.split(":")[0].lower()
        if level not in {"info", "warning"}:
            yield line
