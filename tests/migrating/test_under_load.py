"""From the previous release's schema to this one's, while partners go on writing."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from deploy.checking.check import Asked, check
from deploy.database import OWNER, connected
from shared.contracts.registry import OWNERS
from tests.ledger.chain import first_broken
from tests.migrating.previous import Release
from tests.migrating.test_filling import ENTRIES, LINKS, rows, wrong_totals
from tests.support.copying import REPOSITORY
from tests.support.eventually import assert_eventually
from tests.support.stack import ServiceProcess
from tests.support.village import village
from tests.support.writing import written

BOOKED_BEFORE = 600
BOOKED_BETWEEN = 150


async def links(release: Release) -> int:
    async with connected(release.database.url("auditor")) as connection:
        return int(await connection.fetchval("SELECT count(*) FROM ledger.link"))


async def booked_more(release: Release, count: int) -> None:
    before = await links(release)

    async def more() -> bool:
        return await links(release) >= before + count

    await assert_eventually(more, within_seconds=90)


async def test_a_release_is_migrated_under_load_with_nothing_lost_and_each_chain_whole(
    previous: Release, tmp_path: Path
) -> None:
    names = "homes", "rent_sponsorship", "eventlog", "ledger"
    homes, rent, _, old = [await previous.start(name) for name in names]
    new = Release(REPOSITORY, previous.stack)
    async with AsyncExitStack() as places:
        villages = [await places.enter_async_context(village(new.stack, homes)) for _ in range(2)]
        async with written(rent, villages, tmp_path / "journal") as writing:
            await booked_more(previous, BOOKED_BEFORE)
            migrated = await asyncio.to_thread(new.migrate)
            assert migrated.returncode == 0, migrated.stderr
            assert "proof_contract" in migrated.stdout
            await waits(old)
            at_contract, accepted = await links(new), writing.accepted
            ledger = await new.start("ledger")
            await old.stop()
            await booked_more(new, BOOKED_BETWEEN)
            assert await links(new) > at_contract > BOOKED_BEFORE
            assert writing.accepted > accepted, "writers were held up"
        found = await check(
            Asked(
                database_url=new.database.url("auditor"),
                bootstrap=new.stack.kafka_bootstrap,
                journal=tmp_path / "journal",
                owned_by_test=("organisations",),
            )
        )
    assert found.differences == 0, found.first
    assert found.accepted.total() == writing.accepted
    await ledger.stop()
    await holds(new)


async def waits(ledger: ServiceProcess) -> None:
    """A process of the previous release tries again for ever, and does nothing."""

    async def says_so() -> bool:
        told = ledger.log.read_text()
        return '"fault": "UndefinedColumnError", "event": "batch_again"' in told

    await assert_eventually(says_so, within_seconds=20)
    assert "record_parked" not in ledger.log.read_text()


async def holds(release: Release) -> None:
    """Every chain from its first link, every running total, and whatever the books rest on."""
    async with connected(release.database.url(OWNER)) as connection:
        await connection.execute("SET search_path = ledger")
        heads = await rows(connection, "SELECT * FROM head")
        assert len(heads) == 2
        for head in heads:
            chain = await rows(connection, LINKS.format(head["home_id"]))
            assert first_broken(chain) is None
            assert (len(chain), chain[-1]["hash"]) == (head["links"], head["hash"])
        assert await bodies_differ(connection) == []
        assert wrong_totals(await rows(connection, ENTRIES)) == []
        loose = "SELECT conname FROM pg_constraint WHERE NOT convalidated"
        assert await rows(connection, loose) == []
        assert await rows(connection, UNKNOWN_CONTRIBUTORS) == []
        assert await rows(connection, UNNOTED) == []


UNKNOWN_CONTRIBUTORS = """
SELECT organisation_id, home_id FROM entry WHERE organisation_id IS NOT NULL
EXCEPT SELECT organisation_id, home_id FROM contributor
"""
UNNOTED = """
SELECT event_id FROM outcome
WHERE outcome <> 'booked' AND topic <> 'yui.organisations.v1'
EXCEPT SELECT event_id FROM unmoved
"""


async def bodies_differ(connection: Any) -> list[dict[str, Any]]:  # noqa: ANN401  as asyncpg's
    """Links whose digest is not that of their owner's bytes."""
    told = " UNION ALL ".join(
        f"SELECT event_id, body FROM {owner.OWNER}.event"  # noqa: S608 - names of our own
        for owner in OWNERS
        if owner.OWNER in {"homes", "rent_sponsorship"}
    )
    statement = f"""
    SELECT event_id FROM link LEFT JOIN ({told}) AS told USING (event_id)
    WHERE digest IS DISTINCT FROM sha256(body)
    """  # noqa: S608 - as above
    return await rows(connection, statement)
