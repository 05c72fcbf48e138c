"""One of two processes that post from memory what they have read from Kafka before.

`python -m bench.feeding post` reads jobs, one a line; for each it says when the records are in
memory, waits for the word to go, and prints when it began and ended. `post` runs the ledger's own
consumer code as its process builds it, and lives as long; `insert` is the yardstick, one raw
insert of the same entries.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any, Final, Literal, Protocol, TypeAlias

import asyncpg
import typer
import uvloop
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from pydantic import BaseModel

from services.ledger.app import KEEPING, Settings, listen
from shared.contracts.event import Movement
from shared.contracts.ledger import OWNER
from shared.envelope import from_headers
from shared.kafka import BATCH_RECORDS_MAX, reaching
from shared.service import collect_rarely, plumbing

Does: TypeAlias = Literal["post", "insert"]
Read: TypeAlias = "ConsumerRecord[bytes, bytes]"
Records: TypeAlias = Sequence[Read]

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


class Feed(Protocol):
    async def __call__(self, records: Records) -> "Done": ...


class Surrounding(BaseModel):
    database_url: str
    bootstrap: str


class Job(BaseModel):
    pieces: list[tuple[str, int, int, int]]
    """Topic, partition, first offset, the offset after the last."""


class Done(BaseModel):
    records: int
    began: float
    ended: float
    """Both on the machine's monotonic clock, which its processes share."""


async def feed(does: Does, around: Surrounding) -> None:
    async with (_posting if does == "post" else _inserting)(around) as work:
        while line := await asyncio.to_thread(sys.stdin.readline):
            records = _as_fetched(await _read(around, Job.model_validate_json(line)))
            _say((await work(records)).model_dump_json())


@asynccontextmanager
async def _posting(around: Surrounding) -> AsyncIterator[Feed]:
    settings = Settings(
        database_url=around.database_url,
        reader_url=around.database_url,  # nobody asks here
        kafka_bootstrap=around.bootstrap,
        port=0,
        simulated=True,
    )
    async with plumbing(OWNER, settings, keeping=KEEPING) as built:
        listen(built)
        if built.consumer is None:
            raise RuntimeError("the ledger listens to nothing")
        batches = built.consumer.batches

        async def post(records: Records) -> Done:
            await _word_to_go()
            began = time.perf_counter()
            for batch in _slices(records, BATCH_RECORDS_MAX):
                effect = await batches.transact(batch)
                if len(effect.applied) < len(batch):
                    left = len(batch) - len(effect.applied)
                    raise RuntimeError(f"{left} records were not applied")
            return Done(records=len(records), began=began, ended=time.perf_counter())

        yield post


@asynccontextmanager
async def _inserting(around: Surrounding) -> AsyncIterator[Feed]:
    connection = await asyncpg.connect(around.database_url)

    async def insert(records: Records) -> Done:
        rows = [_row(record) for record in records]
        batches = [list(zip(*some, strict=True)) for some in _slices(rows, INSERTED_AT_ONCE)]
        await _word_to_go()
        began = time.perf_counter()
        for columns in batches:
            await connection.execute(RAW_INSERT, *columns)
        return Done(records=len(records), began=began, ended=time.perf_counter())

    try:
        yield insert
    finally:
        await connection.close()


def _row(record: Read) -> tuple[Any, ...]:
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
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    _say(READY)
    await asyncio.to_thread(sys.stdin.readline)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  the bench reads it


# --- Reading


async def _read(around: Surrounding, job: Job) -> dict[TopicPartition, list[Read]]:
    ends = {TopicPartition(topic, number): end for topic, number, _, end in job.pieces}
    read_: dict[TopicPartition, list[Read]] = {tp: [] for tp in ends}
    consumer = AIOKafkaConsumer(**reaching(around.bootstrap), enable_auto_commit=False)
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


def _as_fetched(by_partition: dict[TopicPartition, list[Read]]) -> list[Read]:
    """In the order in which Kafka's client hands them over: a piece of one partition each."""
    fetches = [_slices(records, FETCHED_AT_ONCE) for records in by_partition.values()]
    handed: list[Read] = []
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


def main(does: Does) -> None:
    collect_rarely()  # as every service does
    uvloop.run(feed(does, Surrounding.model_validate_json(sys.stdin.readline())))


if __name__ == "__main__":
    typer.run(main)
