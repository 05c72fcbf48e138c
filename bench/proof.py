"""How fast everything that was said and booked is held against everything: `yui verify`.

With all that it holds against each other: the owners' event tables, Kafka, the ledger, the event
log. Each event is one fact with one movement, so one entry: nothing is dearer to check.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Final

from bench.figures import Figure
from bench.kafka_log import Filling, filling
from bench.measuring import Measuring
from bench.workload import THIS_YEAR, Stamped, Workload, homes
from deploy.checking.check import Asked, check
from deploy.database import AUDITOR, Database, connected
from shared.event_store import Saved, append
from tests.support.eventually import assert_eventually
from tests.support.stack import Stack

HOMES: Final = 1_000
EVENTS: Final = 300_000
AT_ONCE: Final = 2_000
OWNERS: Final = ("homes", "rent_sponsorship")
LISTENERS: Final = ("ledger", "eventlog")
SETTLED_WITHIN_S: Final = 1_800

ENTRIES: Final = "SELECT count(*) FROM ledger.entry"
HEARD: Final = """
SELECT (SELECT sum(next_offset) FROM ledger.consumer_offset WHERE topic <> 'yui.ledger.v1'),
       (SELECT sum(next_offset) FROM eventlog.consumer_offset),
       (SELECT count(*) FROM ledger.outbox)
"""


async def measure(measuring: Measuring) -> list[Figure]:
    stack, workload, paying = measuring.stack, Workload(), homes(HOMES)
    await stack.empty_topics()
    database = await stack.database(*OWNERS, *LISTENERS)
    async with filling(stack.kafka_bootstrap) as log:
        whole = measuring.events(EVENTS)
        told = chain(workload.agreed(paying, THIS_YEAR), workload.paid(paying, THIS_YEAR, whole))
        await _tell(database, log, told)
        await _hear(stack, database, log)
    verified = [await _verify(measuring, database, run) for run in range(measuring.runs)]
    stack.stop_services()
    await stack.drop(database)
    return [
        Figure(name="verify", unit="entries/s", samples=verified, goal=200_000, floor=80_000),
    ]


async def _tell(database: Database, log: Filling, stamped: Iterable[Stamped]) -> None:
    """Save events as their owners do, and send them as their relays would."""
    async with connected(database.administrator()) as administrator:
        for some in _chunks(stamped):
            by_owner: dict[str, list[Saved]] = defaultdict(list)
            for event, envelope in some:
                by_owner[event.owner].append(Saved(event, envelope))
            for owner, saved in by_owner.items():
                await administrator.execute(f"SET search_path = {owner}")
                await append(administrator, saved)
                await administrator.execute("DELETE FROM outbox")
            await log.fill(some)


async def _hear(stack: Stack, database: Database, log: Filling) -> None:
    """Let the shipped processes apply all there is."""
    processes = [await stack.start(name, database) for name in LISTENERS]
    async with connected(database.administrator()) as connection:

        async def is_quiet() -> bool:
            ends = await log.ends()
            own = sum(end for (topic, _), end in ends.items() if topic == "yui.ledger.v1")
            row = await connection.fetchrow(HEARD)
            return row is not None and tuple(row) == (
                sum(ends.values()) - own,
                sum(ends.values()),
                0,
            )

        await assert_eventually(is_quiet, within_seconds=SETTLED_WITHIN_S)
        # As autovacuum would, in its own time.
        await connection.execute("VACUUM ANALYZE")
    for process in processes:
        await process.stop()


async def _verify(measuring: Measuring, database: Database, run: int) -> float:
    async with connected(database.administrator()) as connection:
        entries = int(await connection.fetchval(ENTRIES))
    url, bootstrap = database.url(AUDITOR), measuring.stack.auditors_bootstrap
    found = await check(Asked(database_url=url, bootstrap=bootstrap))
    if found.differences:
        raise RuntimeError(f"{found.differences} differences, the first: {found.first}")
    parts = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in found.parts.items())
    measuring.say(f"proof, run {run + 1}: {entries:,} entries in {found.seconds:.1f} s ({parts})")
    return entries / found.seconds


def _chunks(stamped: Iterable[Stamped]) -> Iterator[list[Stamped]]:
    left = iter(stamped)
    while some := list(islice(left, AT_ONCE)):
        yield some
