"""A small true story, told through real services and then kept still, to plant damage in."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy import database as databases
from deploy import topics
from deploy.checking.check import Asked, check
from deploy.checking.findings import Findings
from deploy.database import Database, connected
from deploy.services import BY_NAME
from shared.contracts.event import Movement, topic_of
from shared.contracts.government_sponsorship import GrantDisbursed
from shared.contracts.homes import BusinessDateAdvanced, DeliveryConfirmed
from shared.contracts.resources import RENT
from shared.ids import new_opaque_id
from shared.kafka import reaching
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce, announce_home
from tests.support.publishing import Publisher
from tests.support.stack import ServiceProcess, Stack

SERVICES = ("rent_sponsorship", "ledger", "eventlog")
OWNED_BY_TEST = ("organisations", "homes", "government_sponsorship")
MONTHS = ("2011-08", "2011-09", "2011-10", "2011-11")
TOPIC = topic_of("rent_sponsorship")
FIRST_DAY, LAST_DAY = date(2011, 8, 31), date(2011, 11, 1)
DAY_IS = "SELECT true FROM ledger.business_date WHERE day = $1"
SEALED_THROUGH = """
SELECT count(*) = 3 FROM ledger.seal WHERE to_date(month, 'YYYY-MM') < $1::date
"""


@dataclass
class World:
    stack: Stack
    database: Database
    home_id: str
    accepted: list[dict[str, Any]] = field(default_factory=list)
    """What the client was told, one line each."""

    async def check(self, journal: Path | None = None, *, settle_s: float = 0) -> Findings:
        return await self.check_in(self.database, journal, settle_s=settle_s)

    async def check_in(
        self, database: Database, journal: Path | None = None, *, settle_s: float = 0
    ) -> Findings:
        return await check(
            Asked(
                database_url=database.url("auditor"),
                bootstrap=self.stack.auditors_bootstrap,
                journal=journal,
                settle_s=settle_s,
                owned_by_test=OWNED_BY_TEST,
            )
        )

    async def check_after(self, *statements: str) -> Findings:
        """Run statements as the database's own administrator on a copy, and check that."""
        async with self.copied() as copy:
            async with connected(copy.administrator()) as connection:
                for statement in statements:
                    changed = await connection.execute(statement)
                    assert not changed.endswith(" 0"), f"changed nothing: {statement}"
            return await self.check_in(copy)

    @asynccontextmanager
    async def copied(self) -> AsyncIterator[Database]:
        """Lend a copy of the database, to be damaged."""
        self.stack.copies += 1
        services = [BY_NAME[name] for name in SERVICES]
        copy = await databases.copy(self.database, f"test_{self.stack.copies}", services)
        try:
            yield copy
        finally:
            await self.stack.drop(copy)

    async def records(self, topic: str) -> list[Any]:
        """Return all that a topic holds, partition by partition."""
        found: list[Any] = []
        async with AIOKafkaConsumer(**reaching(self.stack.kafka_bootstrap)) as consumer:
            partitions = [TopicPartition(topic, number) for number in range(topics.PARTITIONS)]
            for tp, end in (await consumer.end_offsets(partitions)).items():
                consumer.assign([tp])
                consumer.seek(tp, 0)
                while await consumer.position(tp) < end:
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        found += records
        return found

    async def rewrite(self, topic: str, records: Sequence[Any]) -> None:
        """Give a topic another content, each record in its partition."""
        await topics.remove(self.stack.kafka_bootstrap, [topic])

        async def declared_anew() -> None:
            assert len(await topics.apply(self.stack.kafka_bootstrap, [topic])) == 1

        await assert_eventually(declared_anew)
        async with AIOKafkaProducer(**reaching(self.stack.kafka_bootstrap)) as producer:
            for one in records:
                await producer.send_and_wait(
                    topic,
                    one.value,
                    key=one.key,
                    headers=list(one.headers),
                    partition=one.partition,
                )


async def told(stack: Stack) -> World:
    """Play the story: promised, paid, beyond, given, funded twice, withdrawn, sealed."""
    await stack.empty_topics()
    world = World(stack, await stack.database(*SERVICES), new_opaque_id())
    rent, *others = [await stack.start(name, world.database) for name in SERVICES]
    sponsor = Partner("company")
    async with Publisher(stack.kafka_bootstrap) as publisher, httpx2.AsyncClient() as client:
        await _turn(world, publisher, FIRST_DAY, DAY_IS)
        await announce(publisher, sponsor, world.home_id)
        await announce_home(publisher, world.home_id, RENT, dict.fromkeys(MONTHS, 150_000))
        await _act(world, rent, sponsor, publisher, client)
        await _turn(world, publisher, LAST_DAY, SEALED_THROUGH)
        found = await world.check(settle_s=20)
        assert found.differences == 0, found.first
    for process in (rent, *others):
        with suppress(TimeoutError):
            await process.stop()
    return world


async def _turn(world: World, publisher: Publisher, day: date, seen: str) -> None:
    """Let the played date go on, and wait until the ledger has seen to it."""
    await publisher.publish(BusinessDateAdvanced(business_date=day))
    async with connected(world.database.administrator()) as connection:

        async def is_seen() -> bool:
            return bool(await connection.fetchval(seen, day))

        await assert_eventually(is_seen, within_seconds=30)


async def _act(
    world: World,
    rent: ServiceProcess,
    sponsor: Partner,
    publisher: Publisher,
    client: httpx2.AsyncClient,
) -> None:
    async def ask(path: str, body: dict[str, Any]) -> dict[str, Any]:
        url, headers = f"{rent.url}/v1/rent-agreements{path}", sponsor.asking()
        response = await client.post(url, json=body, headers=headers)
        assert response.is_success, response.text
        answer = dict(response.json())
        world.accepted.append(
            {
                "service": "rent_sponsorship",
                "idempotency_key": headers["Idempotency-Key"],
                "event_ids": answer["event_ids"],
            }
        )
        return answer

    signed: list[str] = []

    async def agreed() -> bool:
        answer = await ask("", {"home_id": world.home_id, "notice_months": 0})
        signed.append(answer["commitment_id"])
        return True

    await assert_eventually(agreed)
    agreement = f"/{signed[-1]}"
    promise = {"from_month": MONTHS[0], "through_month": MONTHS[-1], "amount_yen": 150_000}

    async def promised() -> bool:
        # The home is known before what it needs, beyond which nothing is promised.
        await ask(f"{agreement}/promises", promise)
        return True

    await assert_eventually(promised)
    paid = await ask(f"{agreement}/payments", {"month": MONTHS[0], "amount_yen": 150_000})
    gift = {"month": MONTHS[0], "amount_yen": 20_000, "gift": True}
    await ask(f"{agreement}/payments", gift)
    beyond = {"month": MONTHS[1], "amount_yen": 160_000, "beyond_promise_yen": 10_000}
    second = await ask(f"{agreement}/payments", beyond)
    payment_id = paid["delivery_id"]
    await publisher.publish(
        DeliveryConfirmed(
            home_id=world.home_id,
            delivery_id=payment_id,
            delivery_version=3,
            quantity=100_000,
            confirmed=100_000,
            confirmed_by="home-operator",
            movements=(
                Movement(
                    resource=RENT,
                    month=MONTHS[0],
                    moved_from="delivered",
                    moved_to="confirmed",
                    quantity=100_000,
                    delivery_id=payment_id,
                    delivery_version=3,
                ),
            ),
        )
    )
    await publisher.publish(
        GrantDisbursed(
            home_id=world.home_id,
            commitment_id="grant",
            organisation_id="city",
            delivery_id="disbursement",
            month=MONTHS[0],
            quantity=1_000,
            movements=(
                Movement(
                    resource=RENT,
                    month=MONTHS[0],
                    moved_from="open",
                    moved_to="delivered",
                    quantity=1_000,
                    organisation_id="city",
                    commitment_id="grant",
                    delivery_id="disbursement",
                ),
            ),
        )
    )
    second_payment = f"{agreement}/payments/{second['delivery_id']}"
    await ask(f"{second_payment}/correction", {"amount_yen": 140_000})
    await ask(f"{agreement}/withdrawal", {"notice_on": "2011-10-01"})
