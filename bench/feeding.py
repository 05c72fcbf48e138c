"""One of two processes that post from memory what they have read from Kafka before.

`python -m bench.feeding` reads a job, says when its records are in memory, waits for the word to
go, and prints when it began and ended. `post` runs the ledger's own consumer code as its process
builds it; `insert` is the yardstick, one raw insert of the same entries.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, Literal

import asyncpg
import uvloop
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from pydantic import BaseModel

from services.ledger.app import KEEPING, Settings, listen
from shared.contracts.event import Movement
from shared.contracts.ledger import OWNER
from shared.envelope import from_headers
from shared.kafka import BATCH_RECORDS_MAX
from shared.service import plumbing

FETCHED_AT_ONCE: Final = 1_500
"""About what Kafka's client holds of a partition: a megabyte."""
INSERTED_AT_ONCE: Final = 1_000
READY: Final = "ready"
MOVEMENT: Final = tuple(Movement.model_fields)

RAW_TABLE: Final = """
-- The entries alone, as anybody would insert them.
CREATE TABLE IF NOT EXISTS raw (
    event_id uuid PRIMARY KEY, home_id text NOT NULL, number bigint NOT NULL,
    position smallint NOT NULL, resource text NOT NULL, month text NOT NULL,
    moved_from text NOT NULL, moved_to text NOT NULL, quantity bigint NOT NULL,
    organisation_id text, commitment_id text, delivery_id text, delivery_version bigint
)
"""
RAW_INSERT: Final = """
INSERT INTO raw SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::bigint[], $4::smallint[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::bigint[]
) ON CONFLICT DO NOTHING
"""


class Job(BaseModel):
    does: Literal["post", "insert"]
    database_url: str
    bootstrap: str
    pieces: list[tuple[str, int, int, int]]
    """Topic, partition, first offset, the offset after the last."""


class Done(BaseModel):
    records: int
    began: float
    ended: float
    """Both on the machine's monotonic clock, which its processes share."""


async def feed(job: Job) -> Done:
    records = _as_fetched(await _read(job))
    work = _post if job.does == "post" else _insert
    return await work(job, records)


async def _post(job: Job, records: Sequence[ConsumerRecord[bytes, bytes]]) -> Done:
    settings = Settings(
        database_url=job.database_url, kafka_bootstrap=job.bootstrap, port=0, simulated=True
    )
    async with plumbing(OWNER, settings, keeping=KEEPING) as built:
        listen(built, settings)
        async with built.transactions.pool.acquire() as connection:
            await built.relay.published.agree(connection, {})  # no relay runs here to look
        if built.consumer is None:
            raise RuntimeError("the ledger listens to nothing")
        batches = built.consumer.batches
        await _word_to_go()
        began = time.perf_counter()
        for batch in _slices(records, BATCH_RECORDS_MAX):
            effect = await batches.transact(batch)
            if len(effect.applied) < len(batch):
                raise RuntimeError(f"{len(batch) - len(effect.applied)} records were not applied")
        return Done(records=len(records), began=began, ended=time.perf_counter())


async def _insert(job: Job, records: Sequence[ConsumerRecord[bytes, bytes]]) -> Done:
    batches = [
        list(zip(*some, strict=True))
        for some in _slices([_row(record) for record in records], INSERTED_AT_ONCE)
    ]
    connection = await asyncpg.connect(job.database_url)
    try:
        await _word_to_go()
        began = time.perf_counter()
        for columns in batches:
            await connection.execute(RAW_INSERT, *columns)
        return Done(records=len(records), began=began, ended=time.perf_counter())
    finally:
        await connection.close()


def _row(record: ConsumerRecord[bytes, bytes]) -> tuple[Any, ...]:
    [moved] = json.loads(record.value or b"")["movements"]
    return (
        from_headers(record.headers).event_id,
        (record.key or b"").decode(),
        record.offset,
        1,
        *(moved.get(name) for name in MOVEMENT),
    )


async def _word_to_go() -> None:
    # What was read stands for Kafka's own memory: it is no garbage to be looked through.
    gc.collect()
    gc.freeze()
    print(READY, flush=True)  # noqa: T201  the bench reads it
    await asyncio.to_thread(sys.stdin.readline)


# --- Reading


async def _read(job: Job) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
    ends = {TopicPartition(topic, number): end for topic, number, _, end in job.pieces}
    read_: dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]] = {tp: [] for tp in ends}
    consumer = AIOKafkaConsumer(bootstrap_servers=job.bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(list(ends))
        for topic, number, begin, _ in job.pieces:
            consumer.seek(TopicPartition(topic, number), begin)
        while unread := [tp for tp, end in ends.items() if await consumer.position(tp) < end]:
            for tp, records in (await consumer.getmany(*unread, timeout_ms=500)).items():
                read_[tp] += [record for record in records if record.offset < ends[tp]]
    finally:
        await consumer.stop()
    return read_


def _as_fetched(
    by_partition: dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]],
) -> list[ConsumerRecord[bytes, bytes]]:
    """In the order in which Kafka's client hands them over: a piece of one partition each."""
    fetches = [_slices(records, FETCHED_AT_ONCE) for records in by_partition.values()]
    handed: list[ConsumerRecord[bytes, bytes]] = []
    while fetches:
        for fetch in list(fetches):
            piece = next(fetch, None)
            if piece is None:
                fetches.remove(fetch)
            else:
                handed += piece
    return handed


def _slices(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    left = iter(items)
    while some := list(islice(left, size)):
        yield some


if __name__ == "__main__":
    done = uvloop.run(feed(Job.model_validate_json(sys.stdin.readline())))
    print(done.model_dump_json(), flush=True)  # noqa: T201  as above
