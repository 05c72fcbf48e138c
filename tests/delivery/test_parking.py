"""What operators do about parked records: only the head, under the lock, kept for ever."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from shared.consuming.parking import NotTheHead, RecordNotParked, StillFails, describe
from tests.delivery.conftest import Listening
from tests.delivery.streams import Told, stream_of, with_header, written
from tests.support.eventually import assert_eventually

WHY = "by a test"
WHO = "an-operator"
LOCK = "SELECT FROM consumer_offset FOR UPDATE"
WAITERS = "SELECT count(*) FROM pg_locks WHERE NOT granted"


async def ids(listening: Listening) -> list[int]:
    rows = await listening.pool.fetch('SELECT parked_id FROM parked ORDER BY "offset"')
    return [row["parked_id"] for row in rows]


async def actions(listening: Listening) -> list[tuple[int, str, str, str]]:
    rows = await listening.pool.fetch("SELECT * FROM parked_action ORDER BY action_id")
    return [(r["offset"], r["action"], r["reason"], r["acted_by"]) for r in rows]


async def park(listening: Listening, *, versions: int = 3) -> list[Told]:
    """Park the first event of a stream, and what comes behind it."""
    first, *others = stream_of("a", versions)
    told = [replace(first, body=b'"poison"'), *others]
    await listening.batches.transact(written(*told))
    return told


async def test_parked_records_are_listed_and_shown_with_reason_bytes_and_headers(
    listening: Listening,
) -> None:
    told = await park(listening)
    rows = [describe(row) for row in await listening.parking.page(0, 10)]
    assert [(row["offset"], row["reason"], row["is_head"]) for row in rows] == [
        (0, "cannot_apply", True),
        (1, "behind", False),
        (2, "behind", False),
    ]
    shown = describe(await listening.parking.one(rows[0]["parked_id"]))
    assert (shown["key"], shown["body"]) == ("key", '"poison"')
    assert shown["event_id"] == str(told[0].event_id)
    assert ["ce_subject", "a"] in shown["headers"]
    assert "Poison" in shown["detail"]


async def test_bytes_that_are_no_text_are_shown_as_hex(listening: Listening) -> None:
    record = with_header(Told("a", 1, b"\xff", body=b"\xfe").at(0), "ce_type", None)
    await listening.batches.transact([record])
    shown = describe(await listening.parking.one((await ids(listening))[0]))
    assert (shown["key"], shown["body"]) == ("hex:ff", "hex:fe")
    assert ["ce_type", None] in shown["headers"]


async def test_a_retry_that_succeeds_applies_what_waited_behind(listening: Listening) -> None:
    await park(listening)
    listening.effects.poisonous = False
    head, *_ = await ids(listening)
    effect = await listening.parking.retry(head, WHY, WHO)
    assert len(effect.applied) == 3
    assert await listening.applied() == [("a", 1), ("a", 2), ("a", 3)]
    assert await listening.parked() == []
    assert await actions(listening) == [(0, "retried", WHY, WHO)]


async def test_a_retry_that_fails_leaves_it_parked_as_long_as_it_was_and_on_record(
    listening: Listening,
) -> None:
    await park(listening)
    before = await listening.pool.fetch("SELECT parked_id, parked_at FROM parked ORDER BY 1")
    with pytest.raises(StillFails):
        await listening.parking.retry(before[0]["parked_id"], WHY, WHO)
    assert await listening.parked() == [(0, "cannot_apply"), (1, "behind"), (2, "behind")]
    after = await listening.pool.fetch("SELECT parked_id, parked_at FROM parked ORDER BY 1")
    assert after == before
    assert await actions(listening) == [(0, "failed_again", WHY, WHO)]
    assert await listening.applied() == []


async def test_only_the_head_of_a_key_may_be_touched(listening: Listening) -> None:
    await park(listening)
    for behind in (await ids(listening))[1:]:
        with pytest.raises(NotTheHead):
            await listening.parking.retry(behind, WHY, WHO)
        with pytest.raises(NotTheHead):
            await listening.parking.discard(behind, WHY, WHO)
    assert await actions(listening) == []


async def test_what_is_not_parked_cannot_be_retried(listening: Listening) -> None:
    with pytest.raises(RecordNotParked):
        await listening.parking.retry(1, WHY, WHO)


async def test_a_discarded_head_lets_its_stream_go_on_and_what_waited_is_applied(
    listening: Listening,
) -> None:
    told = await park(listening)
    head, *_ = await ids(listening)
    await listening.parking.discard(head, WHY, WHO)
    assert await listening.applied() == [("a", 2), ("a", 3)]
    assert await listening.parked() == []
    assert await actions(listening) == [(0, "discarded", WHY, WHO)]
    await listening.batches.transact(written(told[0], Told("a", 4), first=3))
    assert await listening.applied() == [("a", 2), ("a", 3), ("a", 4)]
    assert await listening.parked() == [], "what was discarded stays discarded when it comes again"


async def test_held_events_go_on_when_the_one_they_waited_for_is_discarded(
    listening: Listening,
) -> None:
    first, second, third = stream_of("a", 3)
    broken = replace(second, body=b"breaks the contract")
    await listening.batches.transact(written(first, third, broken))
    assert (await listening.held(), await listening.parked()) == ([3], [(2, "breaks_contract")])
    await listening.parking.discard((await ids(listening))[0], WHY, WHO)
    assert await listening.applied() == [("a", 1), ("a", 3)]
    assert await listening.held() == []


async def test_held_events_go_on_when_the_one_they_waited_for_is_applied_after_all(
    listening: Listening,
) -> None:
    first, second, third = stream_of("a", 3)
    await listening.batches.transact(written(third, replace(first, body=b"poison"), second))
    listening.effects.poisonous = False
    await listening.parking.retry((await ids(listening))[0], WHY, WHO)
    assert await listening.applied() == [("a", 1), ("a", 2), ("a", 3)]
    assert (await listening.held(), await listening.parked()) == ([], [])


async def test_the_second_poison_of_a_key_becomes_its_head(listening: Listening) -> None:
    first, second, third = stream_of("a", 3)
    poison = (replace(first, body=b"poison"), replace(third, body=b"poison"))
    await listening.batches.transact(written(poison[0], second, poison[1]))
    await listening.parking.discard((await ids(listening))[0], WHY, WHO)
    assert await listening.applied() == [("a", 2)]
    assert await listening.parked() == [(2, "cannot_apply")]
    await listening.parking.discard((await ids(listening))[0], WHY, WHO)
    assert await listening.parked() == []


async def test_a_fork_that_is_discarded_leaves_its_stream_where_it_is(
    listening: Listening,
) -> None:
    first, second = stream_of("a", 2)
    await listening.batches.transact(written(first, Told("a", 1), second))
    await listening.parking.discard((await ids(listening))[0], WHY, WHO)
    assert await listening.applied() == [("a", 1), ("a", 2)]


async def test_a_head_under_an_id_that_was_used_before_can_be_discarded(
    listening: Listening,
) -> None:
    first = Told("a", 1)
    again = replace(first, stream="b")
    await listening.batches.transact(written(first, again, Told("b", 2)))
    await listening.parking.discard((await ids(listening))[0], WHY, WHO)
    assert await listening.applied() == [("a", 1), ("b", 2)]


@pytest.mark.parametrize("body", [None, b"{}"])
async def test_a_discarded_record_without_a_readable_body_lets_its_stream_go_on(
    listening: Listening, body: bytes | None
) -> None:
    first, second = stream_of("a", 2)
    broken = with_header(replace(first, body=body).at(0), "content-type", b"text/plain")
    await listening.batches.transact([broken, second.at(1)])
    assert await listening.parked() == [(0, "unreadable"), (1, "behind")]
    await listening.parking.discard((await ids(listening))[0], WHY, WHO)
    assert await listening.applied() == [("a", 2)]


async def test_a_consumer_waits_while_an_operator_retries(listening: Listening) -> None:
    await park(listening)
    listening.effects.poisonous = False
    holder = await asyncpg.connect(listening.url)
    async with holder.transaction():
        await holder.execute(LOCK)
        retry = asyncio.create_task(listening.parking.retry((await ids(listening))[0], WHY, WHO))
        batch = asyncio.create_task(listening.batches.transact(written(Told("a", 4), first=3)))

        async def both_wait() -> bool:
            return bool(await listening.pool.fetchval(WAITERS) == 2)

        await assert_eventually(both_wait)
        assert await listening.applied() == []
    await asyncio.gather(retry, batch)
    await holder.close()
    assert await listening.applied() == [("a", 1), ("a", 2), ("a", 3), ("a", 4)]


async def test_what_operators_did_can_be_listed_and_not_be_changed(listening: Listening) -> None:
    await park(listening)
    await listening.parking.discard((await ids(listening))[0], WHY, WHO)
    (action,) = await listening.parking.actions(2**62, 10)
    assert (action["action"], action["acted_by"]) == ("discarded", WHO)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await listening.pool.execute("DELETE FROM parked_action")
