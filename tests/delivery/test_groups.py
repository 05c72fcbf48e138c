"""Requests that are decided in one transaction: none of them feels what befalls another."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from shared.handling import Act, Answer, KeyReused, Request, Transactions, fingerprint, handle
from shared.handling.lanes import GROUP_MAX, Lanes
from shared.ids import new_opaque_id
from shared.postgres import Pool, is_away
from shared.work import Cause, Work
from tests.delivery.conftest import SERVICE
from tests.delivery.streams import COUNTER, Add, Full

CAUSE = Cause(correlation="a-test")
VERSIONS = "SELECT version FROM event WHERE stream = $1 ORDER BY position"
IN_EACH = "SELECT count(*) FROM request GROUP BY xmin::text ORDER BY min(answered_at)"
KEPT = "SELECT idempotency_key FROM request ORDER BY 1"


class Asking:
    """One process of a service; what is asked together comes while another request is decided."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.transactions = Transactions(pool, SERVICE)

    async def together(self, *asked: tuple[str, Act], stream: str | None = None) -> list[Any]:
        """Return what each is answered, an exception where it is refused.

        With a `stream` they say that they read it; else they may write what they like.
        """
        reads = [] if stream is None else [(COUNTER, stream)]
        answers = [handle(self.transactions, request(key), act, reads=reads) for key, act in asked]
        first = handle(self.transactions, request("first"), adding("first"))
        _, *found = await asyncio.gather(first, *answers, return_exceptions=True)
        return found

    async def versions(self, identity: str) -> list[int]:
        rows = await self.pool.fetch(VERSIONS, COUNTER.stream(identity))
        return [row["version"] for row in rows]

    async def kept(self) -> list[str]:
        keys = [row["idempotency_key"] for row in await self.pool.fetch(KEPT)]
        return [key for key in keys if key != "first"]

    async def in_each_transaction(self) -> list[int]:
        return [row["count"] for row in await self.pool.fetch(IN_EACH)]


@pytest.fixture
def asking(pool: Pool) -> Asking:
    return Asking(pool)


@pytest.fixture(params=["reads", "writes what it likes"])
def stream(request: pytest.FixtureRequest) -> str | None:
    return "a" if request.param == "reads" else None


def request(key: str, body: str = "same") -> Request:
    asked = fingerprint("POST", "/v1/things", body.encode())
    return Request("an-organisation", key, asked, CAUSE)


def adding(*identities: str, full_at: int = 10**9) -> Act:
    async def act(work: Work) -> Answer:
        for identity in identities:
            await work.decide(COUNTER, identity, Add(identity, full_at=full_at))
        return Answer(201, {"added_to": identities})

    return act


def statuses(answers: Sequence[Any]) -> list[Any]:
    return [answer.status if isinstance(answer, Answer) else type(answer) for answer in answers]


async def test_who_asks_while_a_transaction_is_under_way_shares_the_next_one(
    asking: Asking, stream: str | None
) -> None:
    asked = [(f"key-{number}", adding("a")) for number in range(20)]
    assert statuses(await asking.together(*asked, stream=stream)) == [201] * 20
    assert await asking.versions("a") == list(range(1, 21))
    assert await asking.in_each_transaction() == [1, 20]


async def test_each_sees_in_a_stream_what_was_decided_before_it(
    asking: Asking, stream: str | None
) -> None:
    asked = [(f"key-{number}", adding("a", full_at=2)) for number in range(4)]
    assert statuses(await asking.together(*asked, stream=stream)) == [201, 201, Full, Full]
    assert await asking.versions("a") == [1, 2]


async def test_a_refused_neighbour_leaves_nothing_and_is_not_remembered(
    asking: Asking, stream: str | None
) -> None:
    async def writes_and_is_refused(work: Work) -> Answer:
        await adding("b")(work)
        if stream is None:
            await work.save()
        return await adding("a", full_at=0)(work)

    asked = [("one", adding("a")), ("refused", writes_and_is_refused), ("other", adding("a"))]
    assert statuses(await asking.together(*asked, stream=stream)) == [201, Full, 201]
    assert (await asking.versions("a"), await asking.versions("b")) == ([1, 2], [])
    assert await asking.kept() == ["one", "other"]
    assert await asking.in_each_transaction() == [1, 2], "nobody was decided again"


async def test_a_neighbour_whose_statement_fails_is_told_alone(
    asking: Asking, stream: str | None
) -> None:
    async def divides(work: Work) -> Answer:
        await work.connection.fetchval("SELECT 1 / 0")
        return Answer(201)

    asked = [("one", adding("a")), ("fails", divides), ("other", adding("a"))]
    answers = await asking.together(*asked, stream=stream)
    assert statuses(answers) == [201, asyncpg.DivisionByZeroError, 201]
    assert await asking.versions("a") == [1, 2]
    assert await asking.kept() == ["one", "other"]


async def test_a_neighbour_that_loses_its_race_is_decided_again(
    asking: Asking, stream: str | None
) -> None:
    elsewhere = Transactions(asking.pool, SERVICE)
    overtaken = False

    async def is_overtaken(work: Work) -> Answer:
        nonlocal overtaken
        await work.load(COUNTER, "b")
        if not overtaken:
            overtaken = True
            await handle(elsewhere, request("elsewhere"), adding("b"))
        return await adding("b")(work)

    asked = [("one", adding("a")), ("overtaken", is_overtaken), ("other", adding("a"))]
    assert statuses(await asking.together(*asked, stream=stream)) == [201, 201, 201]
    assert (await asking.versions("a"), await asking.versions("b")) == ([1, 2], [1, 2])
    assert await asking.kept() == ["elsewhere", "one", "other", "overtaken"]


async def test_a_connection_that_breaks_in_the_middle_leaves_nothing_of_anybody(
    asking: Asking, stream: str | None
) -> None:
    broken = False

    async def breaks(work: Work) -> Answer:
        nonlocal broken
        await adding("a")(work)
        if not broken:
            broken = True
            await work.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return Answer(201)

    asked = [("one", adding("a")), ("breaks", breaks), ("other", adding("a"))]
    answers = await asking.together(*asked, stream=stream)
    assert [is_away(answer) for answer in answers] == [True] * 3
    assert (await asking.versions("a"), await asking.kept()) == ([], [])
    assert statuses(await asking.together(*asked, stream=stream)) == [201, 201, 201]
    assert await asking.versions("a") == [1, 2, 3]


async def test_the_same_request_twice_in_a_group_has_one_effect_and_one_answer(
    asking: Asking, stream: str | None
) -> None:
    twins = [("once", adding("a"))] * 3
    first, *others = await asking.together(*twins, stream=stream)
    assert first.status == 201
    assert [other.body for other in others] == [
        {**first.body, "added_to": list(first.body["added_to"])}
    ] * 2
    assert await asking.versions("a") == [1]


async def test_another_request_under_the_same_key_in_a_group_is_refused(asking: Asking) -> None:
    first, second, third = await asyncio.gather(
        handle(asking.transactions, request("other"), adding("a")),
        handle(asking.transactions, request("once", "one"), adding("a")),
        handle(asking.transactions, request("once", "another"), adding("a")),
        return_exceptions=True,
    )
    assert statuses([first, second, third]) == [201, 201, KeyReused]
    assert await asking.versions("a") == [1, 2]


async def test_two_that_touch_two_streams_in_opposite_order_both_stand(
    asking: Asking, stream: str | None
) -> None:
    asked = [("there", adding("a", "b")), ("back", adding("b", "a"))]
    assert statuses(await asking.together(*asked, stream=stream)) == [201, 201]
    assert (await asking.versions("a"), await asking.versions("b")) == ([1, 2], [1, 2])


async def test_two_processes_that_touch_two_streams_in_opposite_order_all_stand(
    asking: Asking, stream: str | None
) -> None:
    elsewhere = Asking(asking.pool)
    there = [(f"there-{number}", adding("a", "b")) for number in range(5)]
    back = [(f"back-{number}", adding("b", "a")) for number in range(5)]
    answers = await asyncio.gather(
        asking.together(*there, stream=stream), elsewhere.together(*back, stream=stream)
    )
    assert [statuses(told) for told in answers] == [[201] * 5] * 2
    assert await asking.versions("a") == list(range(1, 11))
    assert await asking.versions("b") == list(range(1, 11))


async def test_who_may_write_sees_in_the_tables_what_was_decided_before_it(
    asking: Asking,
) -> None:
    async def counts(work: Work) -> Answer:
        found = await work.connection.fetch(VERSIONS, COUNTER.stream("a"))
        return Answer(200, {"found": len(found)})

    asked = [("one", adding("a")), ("counts", counts), ("other", adding("a"))]
    _, counted, _ = await asking.together(*asked)
    assert counted.body["found"] == 1


async def test_nobody_waits_for_long_behind_a_slow_one(asking: Asking) -> None:
    quick_is_answered = asyncio.Event()

    async def slow(_work: Work) -> Answer:
        await quick_is_answered.wait()
        return Answer(201)

    waiting = asyncio.create_task(handle(asking.transactions, request("slow"), slow))
    await handle(asking.transactions, request("quick"), adding("a"))
    quick_is_answered.set()
    assert (await waiting).status == 201


async def test_who_does_not_wait_for_the_answer_keeps_nobody_from_theirs(asking: Asking) -> None:
    impatient = asyncio.create_task(handle(asking.transactions, request("one"), adding("a")))

    async def leaves(_work: Work) -> Answer:
        impatient.cancel()
        return await adding("a")(_work)

    answer = await handle(asking.transactions, request("other"), leaves)
    assert answer.status == 201
    await asyncio.wait([impatient])
    assert impatient.cancelled() or impatient.result().status == 201


# --- Who goes together


async def test_groups_keep_the_order_have_a_bound_and_never_hold_a_key_twice() -> None:
    gone: list[list[str]] = []
    done = asyncio.Event()

    async def go(group: Sequence[str]) -> None:
        gone.append(list(group))
        if group[-1] == "last":
            done.set()

    lanes: Lanes[str] = Lanes(go, lambda one: one)
    many = [new_opaque_id() for _ in range(GROUP_MAX)]
    for one in ("first", "twice", "b", "twice", "c", *many, "last"):
        lanes.put(one)
    await done.wait()
    assert gone[0] == ["first"]
    assert gone[1] == ["twice", "b", "c", *many[: GROUP_MAX - 3]]
    assert gone[2] == ["twice", *many[GROUP_MAX - 3 :], "last"]
