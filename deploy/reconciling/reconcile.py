"""The whole reconciliation: topic by topic, then promises and ages, in one snapshot."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Final

from deploy.checking import tables
from deploy.checking.findings import Findings
from deploy.checking.kafka_log import Ends, KafkaLog, Place, kafka_log
from deploy.checking.settling import EVENTLOG, LEDGER, Standing, settled
from deploy.reconciling import flow
from deploy.reconciling.result import Reconciliation
from deploy.reconciling.tallies import Kept, read
from deploy.reconciling.topics import Reconciler

if TYPE_CHECKING:
    from deploy.checking.tables import Connection

Say = Callable[[str], None]
Count = Callable[[int, int], None]
SETTLE_S: Final = 10.0


def _nothing(*_: object) -> None:
    return None


async def reconcile(
    database_url: str,
    bootstrap: str,
    settle_s: float = SETTLE_S,
    say: Say = _nothing,
    count: Count = _nothing,
) -> Reconciliation:
    """Compare everything. What is held at once is one topic's ids, hashes and streams."""
    began = time.monotonic()
    async with (
        tables.auditing(database_url) as connection,
        kafka_log(bootstrap) as log,
    ):
        first = await log.ends(list(await log.topics()))
        async with settled(connection, log, settle_s, say) as standing:
            # Where nothing was on its way, Kafka's ends belong to the snapshot; else what came
            # since the first look may be younger than it.
            young_from = first if standing.waiting else standing.ends
            found = await _reconciled(connection, log, standing, young_from, count)
    found.took_s = time.monotonic() - began
    return found


async def _reconciled(
    connection: "Connection", log: KafkaLog, standing: Standing, young_from: Ends, count: Count
) -> Reconciliation:
    findings = Findings()
    reconciler = Reconciler(connection, standing, young_from, findings)
    counting = _Counting(count, sum(standing.ends.values()))
    topics = {}
    for topic, owner in (await _topics(connection, standing)).items():
        kept = Kept(topic, owner)
        await read(kept, counting.through(log.read(topic, standing.ends)), findings)
        topics[topic] = await reconciler.reconcile(kept)
        findings.records[owner] += kept.records
    day, at = await flow.moment(connection)
    waiting = await flow.waiting(connection, standing.services, topics.values())
    flow.name_stuck(waiting, findings)
    keeps_books = LEDGER in standing.services
    return Reconciliation(
        at=at,
        business_date=day,
        findings=findings,
        topics=topics,
        waiting=waiting,
        cleared=await flow.cleared(connection, day, findings) if keeps_books else (),
        booked=await flow.booked(connection) if keeps_books else None,
    )


async def _topics(connection: "Connection", standing: Standing) -> Mapping[str, str]:
    """Kafka's topics, those of services that Kafka has lost, and those that only a log knows."""
    found = {f"yui.{service}.v1": service for service in standing.services}
    for schema, statement in ((EVENTLOG, tables.LOGGED_TOPICS), (LEDGER, tables.LINKED_TOPICS)):
        if schema in standing.services:
            rows = await tables.fetch(connection, schema, statement)
            found |= {row["topic"]: row["topic"].split(".")[1] for row in rows}
    return dict(sorted((found | dict(standing.topics)).items()))


class _Counting:
    def __init__(self, count: Count, whole: int) -> None:
        self._count, self._whole, self._done = count, whole, 0

    async def through(self, places: AsyncIterator[Place]) -> AsyncIterator[Place]:
        async for place in places:
            self._done += 1
            self._count(self._done, self._whole)
            yield place
