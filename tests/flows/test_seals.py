"""Years pass at once, and the ledger is killed while it seals them: each month is sealed once."""

import asyncio
import json
from collections import defaultdict
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from deploy.checking.check import Asked, check
from deploy.database import AUDITOR, connected
from deploy.operator import Api
from deploy.problem import Problem
from deploy.seals import save
from shared.calendar import months_through
from shared.contracts.homes import BusinessDateAdvanced
from shared.contracts.resources import RENT
from tests.ledger.chain import first_broken, first_broken_seal
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce_home, introduction
from tests.support.publishing import Publisher
from tests.support.stack import MakeDatabase, ServiceProcess, Stack

HOMES = [f"home-{number}" for number in range(150)]
MONTHS = list(months_through("2011-08", "2014-07"))
DUE = len(HOMES) * len(MONTHS)
SEALS = "SELECT count(*) FROM ledger.seal"
SAID = """
SELECT key AS home_id, convert_from(body, 'UTF8') AS body
FROM ledger.event WHERE type = 'ledger.MonthSealed.v1' ORDER BY position
"""


async def test_a_ledger_that_is_killed_while_it_seals_seals_each_month_once(
    stack: Stack, database: MakeDatabase, tmp_path: Path
) -> None:
    await stack.empty_topics()
    db = await database("ledger", "eventlog")
    ledger, second, _ = [await stack.start(name, db) for name in ("ledger", "ledger", "eventlog")]
    async with (
        Publisher(stack.kafka_bootstrap) as publisher,
        connected(db.administrator()) as connection,
    ):
        await publisher.publish(BusinessDateAdvanced(business_date=date(2011, 8, 31)))
        await has_begun(connection, date(2011, 8, 31))
        for home_id in HOMES:
            await announce_home(publisher, home_id, RENT, {"2011-08": 150_000})
        await all_booked(connection)
        await publisher.publish(BusinessDateAdvanced(business_date=date(2014, 8, 1)))
        for victim in (ledger, second, ledger, second, ledger):
            await killed_while_it_seals(connection, victim)
            victim.launch()

        async def all_are_sealed() -> None:
            assert await connection.fetchval(SEALS) == DUE

        await assert_eventually(all_are_sealed, within_seconds=60)
        await seals_must_hold(connection)
        await saved_seals_are_what_was_published(connection, publisher, ledger, tmp_path)
    findings = await check(
        Asked(
            database_url=db.url(AUDITOR),
            bootstrap=stack.kafka_bootstrap,
            owned_by_test=("homes", "organisations"),
        )
    )
    assert findings.differences == 0, findings.first


async def has_begun(connection: "asyncpg.Connection[asyncpg.Record]", day: date) -> None:
    async def begun() -> bool:
        return bool(await connection.fetchval("SELECT day FROM ledger.business_date") == day)

    await assert_eventually(begun)


async def all_booked(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    async def booked() -> None:
        days = await connection.fetch("SELECT business_date FROM ledger.link")
        assert [row["business_date"] for row in days] == [date(2011, 8, 31)] * len(HOMES)

    await assert_eventually(booked, within_seconds=30)


async def killed_while_it_seals(
    connection: "asyncpg.Connection[asyncpg.Record]", victim: ServiceProcess
) -> None:
    before = await connection.fetchval(SEALS)

    async def goes_on() -> bool:
        return bool(await connection.fetchval(SEALS) > before)

    await assert_eventually(goes_on, within_seconds=30)
    victim.kill()
    assert await connection.fetchval(SEALS) < DUE, "it was too quick to be killed at it"


async def seals_must_hold(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    said: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in await connection.fetch(SAID):
        said[row["home_id"]].append(json.loads(row["body"]))
    links: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in await connection.fetch("SELECT * FROM ledger.link ORDER BY home_id, number"):
        links[row["home_id"]].append(dict(row))
    for home_id in HOMES:
        assert [one["month"] for one in said[home_id]] == MONTHS
        assert first_broken(links[home_id]) is None
        assert first_broken_seal(said[home_id], links[home_id]) is None


async def saved_seals_are_what_was_published(
    connection: "asyncpg.Connection[asyncpg.Record]",
    publisher: Publisher,
    ledger: ServiceProcess,
    folder: Path,
) -> None:
    reader = Partner("government")
    await publisher.publish(*introduction(reader, *HOMES))
    file = folder / "seals.jsonl"

    async def saved() -> None:
        with Api("ledger", ledger.url, str(reader.key)) as api, suppress(Problem):
            await asyncio.to_thread(save, api, file)
        assert file.exists()
        assert len(file.read_text().splitlines()) == DUE

    # Where a ledger was killed, its partitions are another's once its session has run out.
    await assert_eventually(saved, within_seconds=60)
    kept = [json.loads(line) for line in file.read_text().splitlines()]
    said = [json.loads(row["body"]) for row in await connection.fetch(SAID)]
    assert all(one.pop("movements") == [] for one in said)
    assert kept == sorted(said, key=lambda one: (one["home_id"], one["month"]))
