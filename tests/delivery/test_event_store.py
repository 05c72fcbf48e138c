"""Load, decide, save: once for each request, in one order for each stream, whoever races."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg
import pytest

from shared.contracts.organisations import SectorsChanged
from shared.event_store import BODY_BYTES_MAX, Conflict, EventTooLarge, StateCache, load
from shared.handling import Answer, KeyReused, Request, Transactions, fingerprint, handle
from shared.ids import new_opaque_id
from shared.postgres import Pool
from shared.work import Cause, Work
from tests.delivery.streams import COUNTER, Add, Full

SERVICE = "rent_sponsorship"
CAUSE = Cause(correlation="a-test")
Act = Callable[[Work], Awaitable[Answer]]


@dataclass
class Tables:
    pool: Pool
    transactions: Transactions = field(init=False)

    def __post_init__(self) -> None:
        self.transactions = Transactions(self.pool, SERVICE)

    async def versions(self, identity: str) -> list[int]:
        stream = COUNTER.stream(identity)
        statement = "SELECT version FROM event WHERE stream = $1 ORDER BY position"
        return [row["version"] for row in await self.pool.fetch(statement, stream)]

    async def counted(self, table: str) -> int:
        counts = {
            "event": "SELECT count(*) FROM event",
            "outbox": "SELECT count(*) FROM outbox",
            "request": "SELECT count(*) FROM request",
        }
        found: int = await self.pool.fetchval(counts[table])
        return found

    async def state(self, identity: str) -> tuple[int, int]:
        async with self.transactions.begin(CAUSE) as work:
            return await work.load(COUNTER, identity)


@pytest.fixture
def tables(pool: Pool) -> Tables:
    return Tables(pool)


def request(body: str = "same", key: str | None = None) -> Request:
    asked = fingerprint("POST", "/v1/things", body.encode())
    return Request("an-organisation", key or new_opaque_id(), asked, CAUSE)


def adding(identity: str, *, full_at: int = 10**9, events: int = 1) -> Act:
    async def act(work: Work) -> Answer:
        await work.decide(COUNTER, identity, Add(identity, events, full_at))
        return Answer(201, {"added_to": identity})

    return act


async def test_one_of_two_who_read_the_same_version_is_told_of_the_conflict(
    tables: Tables,
) -> None:
    async with tables.pool.acquire() as connection, connection.transaction():
        loser = tables.transactions.work(connection, CAUSE)
        await loser.decide(COUNTER, "a", Add("a"))
        await handle(tables.transactions, request(), adding("a"))
        with pytest.raises(Conflict):
            await loser.save()
        # What lost its race has not poisoned the transaction that it is part of.
        assert await connection.fetchval("SELECT count(*) FROM event") == 1
    assert await tables.versions("a") == [1]


async def test_two_at_once_both_stand_one_after_the_other(tables: Tables) -> None:
    both_have_loaded = asyncio.Barrier(2)
    racing = 2

    async def act(work: Work) -> Answer:
        nonlocal racing
        await work.load(COUNTER, "a")
        if racing:
            racing -= 1
            await both_have_loaded.wait()
        await work.decide(COUNTER, "a", Add("a"))
        return Answer(201)

    await asyncio.gather(*(handle(tables.transactions, request(), act) for _ in range(2)))
    assert await tables.versions("a") == [1, 2]
    assert await tables.counted("request") == 2


async def test_many_at_once_on_one_stream_all_stand(tables: Tables) -> None:
    asked = [handle(tables.transactions, request(), adding("a")) for _ in range(20)]
    answers = await asyncio.gather(*asked)
    assert len({answer.body["event_ids"][0] for answer in answers}) == 20
    assert await tables.versions("a") == list(range(1, 21))


async def test_two_that_write_two_streams_in_opposite_order_both_stand(tables: Tables) -> None:
    """The database ends one of them as a deadlock; it is begun again."""

    def both(first: str, second: str, met: asyncio.Barrier) -> Act:
        async def act(work: Work) -> Answer:
            await work.decide(COUNTER, first, Add(first))
            await work.save()
            if met.n_waiting < met.parties and not met.broken:
                try:
                    async with asyncio.timeout(1):
                        await met.wait()
                except (TimeoutError, asyncio.BrokenBarrierError):
                    await met.abort()
            await work.decide(COUNTER, second, Add(second))
            return Answer(201)

        return act

    met = asyncio.Barrier(2)
    await asyncio.gather(
        handle(tables.transactions, request(), both("a", "b", met)),
        handle(tables.transactions, request(), both("b", "a", met)),
    )
    assert (await tables.versions("a"), await tables.versions("b")) == ([1, 2], [1, 2])


async def test_the_same_request_twenty_times_at_once_has_one_effect_and_one_answer(
    tables: Tables,
) -> None:
    asked = request(key="once")
    answers = await asyncio.gather(
        *(handle(tables.transactions, asked, adding("a", full_at=1)) for _ in range(20))
    )
    assert len({json.dumps(answer.body, sort_keys=True) for answer in answers}) == 1
    assert await tables.versions("a") == [1]
    assert await tables.counted("request") == 1


async def test_a_request_that_its_own_twin_made_impossible_gets_the_twins_answer(
    tables: Tables,
) -> None:
    asked = request(key="once")

    async def after_its_twin(work: Work) -> Answer:
        await handle(tables.transactions, asked, adding("a", full_at=1))
        return await adding("a", full_at=1)(work)

    answer = await handle(tables.transactions, asked, after_its_twin)
    assert answer.status == 201
    assert await tables.versions("a") == [1]


async def test_the_same_key_with_another_body_is_refused(tables: Tables) -> None:
    await handle(tables.transactions, request("one", key="once"), adding("a"))
    with pytest.raises(KeyReused):
        await handle(tables.transactions, request("other", key="once"), adding("a"))
    assert await tables.versions("a") == [1]


async def test_a_refused_request_leaves_nothing_and_may_be_asked_again(tables: Tables) -> None:
    asked = request(key="once")
    with pytest.raises(Full):
        await handle(tables.transactions, asked, adding("a", full_at=0))
    assert [await tables.counted(name) for name in ("event", "outbox", "request")] == [0, 0, 0]
    await handle(tables.transactions, asked, adding("a"))
    assert await tables.versions("a") == [1]


async def test_a_command_that_changes_nothing_still_keeps_its_answer(tables: Tables) -> None:
    asked = request(key="once")
    first = await handle(tables.transactions, asked, adding("a", events=0))
    assert (first.body["event_ids"], await tables.counted("request")) == ([], 1)
    assert await handle(tables.transactions, asked, adding("a")) == first
    assert await tables.versions("a") == []


async def test_events_and_what_is_to_be_sent_are_saved_together(tables: Tables) -> None:
    await handle(tables.transactions, request(), adding("a", events=3))
    assert (await tables.counted("event"), await tables.counted("outbox")) == (3, 3)


async def test_an_event_that_the_broker_would_never_take_is_refused_when_it_is_saved(
    tables: Tables,
) -> None:
    sectors = ("company",) * (BODY_BYTES_MAX // 8)

    async def act(work: Work) -> Answer:
        work.note(SectorsChanged(organisation_id="a", sectors=sectors), 1)
        return Answer(201)

    with pytest.raises(EventTooLarge):
        await handle(tables.transactions, request(), act)
    assert [await tables.counted(name) for name in ("event", "outbox", "request")] == [0, 0, 0]


async def test_events_can_never_be_changed_or_removed(tables: Tables) -> None:
    await handle(tables.transactions, request(), adding("a"))
    for change in ("UPDATE event SET key = 'other'", "DELETE FROM event", "TRUNCATE event"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tables.pool.execute(change)


async def test_what_is_remembered_of_a_stream_never_shows_what_was_rolled_back(
    tables: Tables,
) -> None:
    await handle(tables.transactions, request(), adding("a"))

    async def fails_late(work: Work) -> Answer:
        await adding("a", events=5)(work)
        await work.save()
        raise Full

    with pytest.raises(Full):
        await handle(tables.transactions, request(), fails_late)
    assert await tables.state("a") == (1, 1)


async def test_what_is_remembered_of_a_stream_sees_what_another_process_wrote(
    tables: Tables,
) -> None:
    await handle(tables.transactions, request(), adding("a"))
    assert await tables.state("a") == (1, 1)
    elsewhere = Transactions(tables.pool, SERVICE)
    await handle(elsewhere, request(), adding("a", events=2))
    assert await tables.state("a") == (3, 3)


async def test_nobody_sees_what_is_not_committed_yet(tables: Tables) -> None:
    async with tables.transactions.begin(CAUSE) as work:
        await adding("a")(work)
        await work.save()
        assert await tables.state("a") == (0, 0)
    assert await tables.state("a") == (1, 1)


async def test_an_older_state_never_replaces_a_newer_one(tables: Tables) -> None:
    cache, stream = StateCache(), COUNTER.stream("a")
    await handle(tables.transactions, request(), adding("a", events=3))
    cache.put(stream, 3, 3)
    cache.put(stream, 2, 2)
    async with tables.pool.acquire() as connection:
        assert await load(connection, cache, COUNTER, "a") == (3, 3)


def test_what_is_remembered_has_a_bound() -> None:
    cache = StateCache(size_max=2)
    for stream in ("a", "b", "c"):
        cache.put(stream, 1, stream)
    assert [cache.get(stream) for stream in ("a", "b", "c")] == [None, ("b", 1), ("c", 1)]
