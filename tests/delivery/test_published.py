"""A database that was put back, a topic that was lost: noticed, and made the same again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from deploy import topics
from shared.event_store import StateCache
from shared.handling import Answer, Request, Transactions, handle, run
from shared.ids import new_opaque_id
from shared.kafka import build_producer
from shared.published import NotLookedYet, Published, Restored
from shared.recalling import Forked, Keeping, Republished, republish
from shared.relay import Relay
from shared.work import Cause, Work
from tests.delivery.conftest import SERVICE, Listening
from tests.delivery.kafka_log import first_occurrences, read_log, told
from tests.delivery.streams import COUNTER, Add
from tests.support.eventually import assert_eventually
from tests.support.stack import Stack

CAUSE = Cause(correlation="a-test")
STREAM = "organisation/a"

PUT_BACK = """
SET session_replication_role = replica;
DELETE FROM rent_sponsorship.event WHERE version > {version};
DELETE FROM rent_sponsorship.outbox;
DELETE FROM rent_sponsorship.published_look;
UPDATE rent_sponsorship.published SET next_offset = {version} WHERE next_offset > {version};
"""
"""To when the stream had so many events: in another run of the server, which was not looked at."""


class Owner:
    """One service with its relay, a topic of its own, and one stream."""

    def __init__(self, listening: Listening, stack: Stack) -> None:
        self.listening, self.stack = listening, stack
        self.topic = f"yui.t{new_opaque_id()}.v1"
        self.published = Published(self.topic, stack.kafka_bootstrap)
        self.transactions = Transactions(listening.pool, SERVICE, published=self.published)

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[None]:
        where = self.listening.url, self.stack.kafka_bootstrap, self.topic
        task = asyncio.create_task(Relay(self.listening.pool, *where, self.published).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def add(self, events: int = 1, identity: str = "a") -> None:
        async def act(work: Work) -> None:
            await work.decide(COUNTER, identity, Add(identity, events))

        await run(self.transactions, CAUSE, act)

    async def added(self, events: int) -> None:
        """Add as soon as it may be."""

        async def may() -> bool:
            try:
                await self.add(events)
            except NotLookedYet:
                return False
            return True

        await assert_eventually(may, within_seconds=30)

    async def all_sent(self) -> None:
        async def nothing_waits() -> bool:
            return not await self.listening.pool.fetchval("SELECT count(*) FROM outbox")

        await assert_eventually(nothing_waits, within_seconds=30)

    async def put_back(self, version: int) -> None:
        connection = await asyncpg.connect(self.listening.database.administrator())
        await connection.execute(PUT_BACK.format(version=version))
        await connection.close()

    async def refuses_as_restored(self) -> None:
        async def refuses() -> bool:
            try:
                await self.add()
            except Restored:
                return True
            except NotLookedYet:
                return False
            raise AssertionError("it writes")

        await assert_eventually(refuses, within_seconds=30)

    async def republish(self, keeping: Keeping | None = None) -> Republished:
        async with self.listening.pool.acquire() as connection:
            return await republish(
                connection,
                self.topic,
                SERVICE,
                self.stack.kafka_bootstrap,
                keeping or Keeping(),
            )

    async def rows(self) -> list[tuple[object, ...]]:
        statement = "SELECT * FROM event ORDER BY stream, version"
        return [tuple(row.values())[1:] for row in await self.listening.pool.fetch(statement)]

    async def log(self) -> dict[str, list[int]]:
        return first_occurrences(await read_log(self.stack.kafka_bootstrap, self.topic))


@pytest.fixture
async def owner(listening: Listening, stack: Stack) -> Owner:
    made = Owner(listening, stack)
    await topics.apply(stack.kafka_bootstrap, [made.topic])
    return made


async def test_nothing_is_written_before_the_topic_was_looked_at(owner: Owner) -> None:
    with pytest.raises(NotLookedYet):
        await owner.add()

    async def act(work: Work) -> Answer:
        raise AssertionError(work)

    with pytest.raises(NotLookedYet):
        await handle(owner.transactions, Request("o", "k", b"", CAUSE), act)
    async with owner.relaying():
        await owner.added(1)
    await owner.add()


async def test_a_database_that_was_put_back_recalls_what_its_topic_holds(owner: Owner) -> None:
    async with owner.relaying():
        await owner.added(5)
        await owner.all_sent()
    before = await owner.rows()
    await owner.put_back(2)
    renewed = Owner(owner.listening, owner.stack)
    renewed.topic = owner.topic
    renewed.published = Published(owner.topic, owner.stack.kafka_bootstrap)
    renewed.transactions = Transactions(owner.listening.pool, SERVICE, published=renewed.published)
    projected: list[int] = []

    async def project(_connection: object, _event: object, envelope: object) -> None:
        projected.append(envelope.version)  # type: ignore[attr-defined]  # an envelope

    async with renewed.relaying():
        await renewed.refuses_as_restored()
        done = await renewed.republish(Keeping(project=project))
        assert (done.recalled, done.waiting) == (3, 0)
        assert await renewed.rows() == before, "to the byte"
        assert projected == [3, 4, 5]
        await renewed.added(1)
        await renewed.all_sent()
    assert await owner.log() == {STREAM: [1, 2, 3, 4, 5, 6]}
    assert len(told(await read_log(owner.stack.kafka_bootstrap, owner.topic))) == 6


async def test_a_repeat_at_the_end_of_the_topic_does_not_hide_what_is_lacking(
    owner: Owner,
) -> None:
    async with owner.relaying():
        await owner.added(3)
        await owner.all_sent()
    [first, *_] = await read_log(owner.stack.kafka_bootstrap, owner.topic)
    producer = build_producer(owner.stack.kafka_bootstrap)
    await producer.start()
    again = owner.topic, first.value
    await producer.send_and_wait(
        *again, key=first.key, headers=list(first.headers), partition=first.partition
    )
    await producer.stop()
    await owner.put_back(2)
    async with owner.listening.pool.acquire() as connection:
        assert (await owner.published.look(connection)).lacking == 1
    assert (await owner.republish()).recalled == 1
    async with owner.listening.pool.acquire() as connection:
        assert (await owner.published.look(connection)).is_whole


async def test_another_event_under_a_version_that_the_topic_tells_is_not_papered_over(
    owner: Owner,
) -> None:
    async with owner.relaying():
        await owner.added(3)
        await owner.all_sent()
    await owner.put_back(2)
    unguarded = Transactions(owner.listening.pool, SERVICE)

    async def act(work: Work) -> None:
        await work.decide(COUNTER, "a", Add("a"))

    await run(unguarded, CAUSE, act)
    before = await owner.rows()
    with pytest.raises(Forked, match=STREAM):
        await owner.republish()
    assert await owner.rows() == before


async def test_a_topic_made_anew_is_sent_nothing_until_it_is_refilled_in_order(
    owner: Owner,
) -> None:
    async with owner.relaying():
        await owner.added(5)
        await owner.all_sent()
        await topics.remove(owner.stack.kafka_bootstrap, [owner.topic])
        await topics.apply(owner.stack.kafka_bootstrap, [owner.topic])
    async with owner.relaying():
        await owner.add()

        async def is_said() -> bool:
            async with owner.listening.pool.acquire() as connection:
                look = await owner.published.look_here(connection)
            return look is not None and look.lost == 5

        await assert_eventually(is_said, within_seconds=30)
        assert await owner.log() == {}
        done = await owner.republish()
        assert (done.recalled, done.waiting) == (0, 6)
        await owner.all_sent()
    assert await owner.log() == {STREAM: [1, 2, 3, 4, 5, 6]}


async def test_a_topic_made_anew_under_a_relay_that_sends_is_noticed_by_it(owner: Owner) -> None:
    async with owner.relaying():
        await owner.added(5)
        await owner.all_sent()
        await topics.remove(owner.stack.kafka_bootstrap, [owner.topic])
        await topics.apply(owner.stack.kafka_bootstrap, [owner.topic])
        await owner.add()

        async def is_said() -> bool:
            async with owner.listening.pool.acquire() as connection:
                look = await owner.published.look_here(connection)
            return look is not None and look.lost > 0

        await assert_eventually(is_said, within_seconds=40)
        assert (await owner.republish()).waiting == 6
        await owner.all_sent()
    assert sorted((await owner.log())[STREAM]) == [1, 2, 3, 4, 5, 6]


async def test_another_run_of_the_server_is_noticed_with_its_first_connection(
    owner: Owner,
) -> None:
    """What was remembered of a run that is over may never have been."""
    forgotten: list[bool] = []
    owner.published.on_renewed(lambda: forgotten.append(True))
    async with owner.listening.pool.acquire() as connection:
        await owner.published.agree(connection, {})
        await owner.published.connected(connection)
        await owner.published.require_whole(connection)
    elsewhere = await asyncpg.connect(owner.listening.database.administrator_url)
    await owner.published.connected(elsewhere)
    await elsewhere.close()
    assert forgotten == [True]
    async with owner.listening.pool.acquire() as connection:
        statement = "UPDATE published_look SET server = 'the run before'"
        await connection.execute(statement)
        with pytest.raises(NotLookedYet):
            await owner.published.require_whole(connection)


def test_a_cache_forgets_all_at_once() -> None:
    cache = StateCache()
    cache.put("a", 1, "state")
    cache.clear()
    assert cache.get("a") is None
