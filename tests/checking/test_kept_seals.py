"""Whoever has kept a seal can show that history before it was rewritten."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg

from deploy.checking.check import Asked, check
from deploy.checking.findings import Findings
from deploy.database import OWNER, Database, connected
from tests.checking.world import OWNED_BY_TEST, World
from tests.ledger.chain import link_hash

LINKS: Final = "SELECT * FROM ledger.link ORDER BY number"
SEALS: Final = """
SELECT home_id, month, links, encode(link_hash, 'hex') AS link_hash,
       encode(hash, 'hex') AS seal_hash FROM ledger.seal ORDER BY month
"""


async def checked(world: World, database: Database, seals: Path | None = None) -> Findings:
    asked = Asked(
        database_url=database.url("auditor"),
        bootstrap=world.stack.kafka_bootstrap,
        seals=seals,
        settle_s=0,
        owned_by_test=OWNED_BY_TEST,
    )
    return await check(asked)


async def chain_anew(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[int, bytes]:
    """Give every link the hash that follows from what it says by now."""
    before, hashes = "", {}
    for link in await connection.fetch(LINKS):
        before = link_hash(before, dict(link))
        hashes[link["number"]] = bytes.fromhex(before)
        rehash = "UPDATE ledger.link SET hash = $1 WHERE number = $2"
        await connection.execute(rehash, hashes[link["number"]], link["number"])
    await connection.execute("UPDATE ledger.head SET hash = $1", bytes.fromhex(before))
    return hashes


async def seal_anew(
    connection: "asyncpg.Connection[asyncpg.Record]", hashes: dict[int, bytes]
) -> None:
    """Seal each month over these links, as docs/chain.md says."""
    before = ""
    for seal in await connection.fetch("SELECT * FROM ledger.seal ORDER BY month"):
        last = hashes[seal["links"]]
        told = [before, seal["home_id"], seal["month"], seal["links"], last.hex()]
        before = hashlib.sha256(json.dumps(told, separators=(",", ":")).encode()).hexdigest()
        reseal = "UPDATE ledger.seal SET link_hash = $1, hash = $2 WHERE month = $3"
        await connection.execute(reseal, last, bytes.fromhex(before), seal["month"])


def keep(seals: Sequence[Mapping[str, Any]], path: Path) -> None:
    path.write_text("".join(f"{json.dumps(dict(seal))}\n" for seal in seals))


async def test_a_kept_seal_exposes_a_history_that_was_rewritten_and_sealed_anew(
    world: World, tmp_path: Path
) -> None:
    kept = tmp_path / "seals.jsonl"
    async with world.copied() as copy, connected(copy.url(OWNER)) as owner:
        seals = [dict(row) for row in await owner.fetch(SEALS)]
        assert len(seals) == 3
        keep(seals, kept)
        assert (await checked(world, copy, kept)).differences == 0

        for table in ("link", "seal"):
            await owner.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER append_only")
        await owner.execute("UPDATE ledger.link SET correlation = 'another' WHERE number = 2")
        await seal_anew(owner, await chain_anew(owner))
        alone = await checked(world, copy)
        wrong = [one.where for one in alone.first.values()]
        assert not [where for where in wrong if "hash of" in where], "chain and seals hold"
        assert f"link {world.home_id}/2" in wrong, "but the owner's own table says otherwise"
        exposed = await checked(world, copy, kept)
        assert exposed.differences == alone.differences + len(seals)
