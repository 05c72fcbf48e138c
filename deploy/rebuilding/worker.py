"""One of the processes that book Kafka's log into the second ledger: `python -m` this module.

Its order is the first line of its standard input, which stays open as long as somebody wants it to
go on. It ends with 0 at the ends that it was given; whatever may pass, it tries again.
"""

import asyncio
import os
import random
import sys
from typing import Final
from uuid import UUID

import structlog
import uvloop
from aiokafka.errors import KafkaError

from deploy.rebuilding.order import HOPELESS, Order
from deploy.rebuilding.reading import AnotherLog, reader
from deploy.rebuilding.replaying import Replay, Undecided
from services.ledger.app import books_of
from shared.business_date import BusinessDate
from shared.consuming import statements as sql
from shared.consuming.batch import Batches, Partition, may_pass
from shared.consuming.parking import Parking
from shared.contracts.ledger import OWNER
from shared.handling import Transactions
from shared.logs import configure_logs
from shared.postgres import Pool, connect_pool
from shared.service import collect_rarely

PAUSE_S: Final = (0.2, 1.0)
CONNECTIONS: Final = 2
NICE: Final = 10
"""Whoever waits for the first ledger comes before."""

log = structlog.get_logger("rebuild")


async def work(order: Order) -> None:
    while True:
        try:
            await _book(order)
        except Exception as fault:
            if not (may_pass(fault) or isinstance(fault, KafkaError)):
                raise
            log.warning("again", fault=type(fault).__name__, detail=str(fault)[:200])
            await asyncio.sleep(random.uniform(*PAUSE_S))  # noqa: S311  jitter
        else:
            return


async def _book(order: Order) -> None:
    ends = {(topic, partition): end for topic, partition, end in order.ends}
    pool = await connect_pool(order.database_url, size_max=CONNECTIONS)
    try:
        transactions = Transactions(pool, OWNER)
        books = books_of(BusinessDate(simulated=order.simulated))
        applier = Undecided(books, order.set_aside)
        batches = Batches(transactions, applier)
        replay = Replay(Parking(transactions, applier), order.decisions, ends)
        await replay.all()
        async with reader(order.bootstrap, ends) as log_:
            await log_.begin(await _stored(pool, list(ends)))
            async for records in log_.batches():
                effect = await batches.transact(records)
                if effect.out_of_step:
                    raise TimeoutError("somebody else reads the same")
                if effect.parked:
                    await replay.all()
    finally:
        pool.terminate()


async def _stored(
    pool: Pool, partitions: list[Partition]
) -> dict[Partition, tuple[int, UUID | None]]:
    columns = [topic for topic, _ in partitions], [number for _, number in partitions]
    await pool.execute(sql.KNOW_PARTITIONS, *columns)
    rows = await pool.fetch(sql.READ_OFFSETS, *columns)
    return {
        (row["topic"], row["partition"]): (row["next_offset"], row["last_event_id"])
        for row in rows
    }


async def _main() -> None:
    incoming = asyncio.StreamReader(limit=2**26)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(incoming), sys.stdin
    )
    order = Order.model_validate_json(await incoming.readline())
    working = asyncio.create_task(work(order))
    unwanted = asyncio.create_task(incoming.read())
    await asyncio.wait([working, unwanted], return_when=asyncio.FIRST_COMPLETED)
    if not working.done():
        os._exit(1)  # at once: its offsets are those of what is committed
    working.result()


if __name__ == "__main__":
    os.nice(NICE)
    configure_logs("ledger_rebuild")
    collect_rarely()
    try:
        uvloop.run(_main())
    except AnotherLog as another:
        print(another, file=sys.stderr)  # noqa: T201  whoever started it says it
        sys.exit(HOPELESS)
