"""One transaction per batch: the fence, the effects and the offsets stand or fall together."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from shared.consuming.record import StoredRecord
from shared.contracts.organisations import TOPIC
from shared.ids import new_id
from tests.delivery.conftest import Listening
from tests.delivery.streams import Told, stream_of, with_header, without_header, written
from tests.support.eventually import assert_eventually

KILL_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def test_effects_and_offset_are_one_transaction(listening: Listening) -> None:
    effect = await listening.batches.transact(written(*stream_of("a", 3)))
    assert len(effect.applied) == 3
    assert await listening.applied() == [("a", 1), ("a", 2), ("a", 3)]
    assert await listening.offsets() == {0: 3}


@pytest.mark.parametrize("first", [0, 1, 5])
async def test_whoever_is_out_of_step_changes_nothing_and_is_told_where_it_stands(
    listening: Listening, first: int
) -> None:
    one, two, three = stream_of("a", 3)
    await listening.batches.transact(written(one, two))
    effect = await listening.batches.transact(written(three, first=first))
    assert effect.out_of_step == {(TOPIC, 0): 2}
    assert await listening.applied() == [("a", 1), ("a", 2)]
    assert await listening.offsets() == {0: 2}


async def test_one_partition_out_of_step_does_not_hold_up_another(listening: Listening) -> None:
    here, there = Told("a", 1), Told("b", 1, partition=1)
    effect = await listening.batches.transact([here.at(0), there.at(7)])
    assert effect.out_of_step == {(TOPIC, 1): 0}
    assert await listening.applied() == [("a", 1)]


async def test_a_fault_after_the_effects_undoes_them_and_loses_nothing(
    listening: Listening,
) -> None:
    batch = written(*stream_of("a", 3))
    for fault in (
        asyncpg.SerializationError(),
        asyncpg.DeadlockDetectedError(),
        asyncpg.AdminShutdownError(),
        asyncpg.UndefinedColumnError(),
        ConnectionResetError(),
        TimeoutError(),
    ):
        listening.effects.faults = [fault]
        with pytest.raises(type(fault)):
            await listening.batches.transact(batch)
        assert await listening.applied() == []
        assert await listening.offsets() == {}
    await listening.batches.transact(batch)
    assert await listening.applied() == [("a", 1), ("a", 2), ("a", 3)]
    assert await listening.parked() == []


async def test_a_backend_that_is_shut_down_in_the_middle_loses_nothing(
    listening: Listening,
) -> None:
    batch = written(*stream_of("a", 3))
    administrator = await asyncpg.connect(listening.database.administrator())
    async with administrator.transaction():
        # Whoever writes an effect waits here, in the middle of its batch.
        await administrator.execute("LOCK TABLE rent_sponsorship.effect IN EXCLUSIVE MODE")
        attempt = asyncio.create_task(listening.batches.transact(batch))

        async def waits() -> object:
            return await administrator.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted")

        await assert_eventually(waits)
        await administrator.execute(KILL_OTHERS)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await attempt
    await administrator.close()
    await listening.batches.transact(batch)
    assert await listening.applied() == [("a", 1), ("a", 2), ("a", 3)]
    assert await listening.offsets() == {0: 3}


async def test_poison_in_the_middle_of_a_batch_stops_its_own_key_alone(
    listening: Listening,
) -> None:
    mine, others = stream_of("a", 3), stream_of("b", 2, b"other key")
    poison = replace(mine[1], body=b'"poison"')
    batch = written(mine[0], others[0], poison, others[1], mine[2])
    effect = await listening.batches.transact(batch)
    assert await listening.applied() == [("a", 1), ("b", 1), ("b", 2)]
    assert await listening.parked() == [(2, "cannot_apply"), (4, "behind")]
    assert await listening.offsets() == {0: 5}
    assert [parked.record.offset for parked in effect.parked] == [2, 4]
    await listening.batches.transact(written(Told("a", 4), first=5))
    assert (5, "behind") in await listening.parked()


async def test_an_event_twice_in_a_batch_has_one_effect(listening: Listening) -> None:
    first, second = stream_of("a", 2)
    effect = await listening.batches.transact(written(first, first, second, first))
    assert (await listening.applied(), effect.duplicates) == ([("a", 1), ("a", 2)], 2)


async def test_an_event_of_long_ago_that_comes_again_has_no_second_effect(
    listening: Listening,
) -> None:
    told = stream_of("a", 3)
    await listening.batches.transact(written(*told))
    effect = await listening.batches.transact(written(*told, first=3))
    assert (effect.duplicates, effect.parked) == (3, [])
    assert len(await listening.applied()) == 3
    assert await listening.offsets() == {0: 6}


async def test_a_repeat_behind_another_repeat_and_its_own_successor_is_no_fork(
    listening: Listening,
) -> None:
    other, last = stream_of("a", 2)
    before, after = stream_of("b", 2)
    await listening.batches.transact(written(other, last, before))
    effect = await listening.batches.transact(written(other, after, before, first=3))
    assert effect.duplicates == 2
    assert await listening.applied() == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert await listening.parked() == []


async def test_another_event_under_an_old_version_is_parked_as_a_fork(
    listening: Listening,
) -> None:
    await listening.batches.transact(written(*stream_of("a", 3), Told("a", 1)))
    assert await listening.parked() == [(3, "fork")]


async def test_an_id_that_was_decided_on_under_another_name_has_no_second_effect(
    listening: Listening,
) -> None:
    first = Told("a", 1)
    await listening.batches.transact(written(first))
    await listening.batches.transact(written(replace(first, stream="b", key=b"b"), first=1))
    assert await listening.applied() == [("a", 1)]
    assert await listening.parked() == [(1, "cannot_apply")]


async def test_what_comes_too_early_is_held_across_batches_and_then_applied_in_order(
    listening: Listening,
) -> None:
    first, second, third = stream_of("a", 3)
    await listening.batches.transact(written(third, second))
    assert (await listening.held(), await listening.applied()) == ([2, 3], [])
    await listening.batches.transact(written(first, first=2))
    assert await listening.applied() == [("a", 1), ("a", 2), ("a", 3)]
    assert await listening.held() == []


async def test_what_was_held_behind_poison_waits_for_it_and_never_becomes_the_head(
    listening: Listening,
) -> None:
    first, second, third = stream_of("a", 3)
    poison = replace(second, body=b'"poison"')
    await listening.batches.transact(written(first, third))
    await listening.batches.transact(written(poison, first=2))
    assert await listening.parked() == [(2, "cannot_apply")]
    assert await listening.held() == [3]


NAMED = b"\xff not UTF-8"
LONG = b"x" * 600


def unreadable(record: StoredRecord) -> dict[str, StoredRecord]:
    missing = {
        f"without {name}": without_header(record, name)
        for name in ("ce_id", "ce_type", "ce_source", "ce_subject", "ce_sequence", "ce_time")
    }
    return {
        **missing,
        "null header": with_header(record, "ce_subject", None),
        "null header of a stranger": with_header(record, "x-stranger", None),
        "header not UTF-8": with_header(record, "ce_subject", NAMED),
        "stranger's header not UTF-8": with_header(record, "x-stranger", NAMED),
        "null character in a header": with_header(record, "ce_subject", b"a\x00b"),
        "null character in a header's name": with_header(record, "x\x00", NAMED),
        "stream too long to index": with_header(record, "ce_subject", LONG),
        "version no number": with_header(record, "ce_sequence", b"one"),
        "version zero": with_header(record, "ce_sequence", b"0"),
        "version huge": with_header(record, "ce_sequence", str(10**30).encode()),
        "version beyond reading": with_header(record, "ce_sequence", b"9" * 5000),
        "id no id": with_header(record, "ce_id", b"1"),
        "time without zone": with_header(record, "ce_time", b"2026-11-23T08:00:00"),
        "tombstone": replace(record, value=None),
        "foreign content": with_header(record, "content-type", b"application/cloudevents+json"),
        "breaks the contract": replace(record, value=b"breaks the contract"),
        "huge integer": replace(record, value=b"huge"),
        "null character": replace(record, value=b"null character"),
    }


@pytest.mark.parametrize("kind", unreadable(Told("a", 1).at(0)))
async def test_what_cannot_be_read_is_parked_whole_and_holds_up_nobody_else(
    listening: Listening, kind: str
) -> None:
    broken = unreadable(Told("a", 1).at(0))[kind]
    other = Told("b", 1, b"other key")
    await listening.batches.transact([broken, other.at(1)])
    assert await listening.applied() == [("b", 1)]
    assert [offset for offset, _ in await listening.parked()] == [0]
    assert await listening.offsets() == {0: 2}
    row = await listening.pool.fetchrow("SELECT key, body FROM parked")
    assert row is not None
    assert (row["key"], row["body"]) == (broken.key, broken.value)


@pytest.mark.parametrize("key", [None, b"", b"\x00\xff", new_id().bytes * 4000])
async def test_poison_is_parked_under_any_key(listening: Listening, key: bytes | None) -> None:
    await listening.batches.transact([Told("a", 1, key, body=b"poison").at(0)])
    assert await listening.parked() == [(0, "cannot_apply")]
    await listening.batches.transact([Told("a", 2, key).at(1)])
    assert await listening.parked() == [(0, "cannot_apply"), (1, "behind")]


async def test_two_consumers_at_once_on_one_partition_have_one_effect(
    listening: Listening,
) -> None:
    batch = written(*stream_of("a", 3))
    both = await asyncio.gather(*(listening.batches.transact(batch) for _ in range(2)))
    assert sorted(len(effect.applied) for effect in both) == [0, 3]
    assert [effect.out_of_step for effect in both if effect.out_of_step] == [{(TOPIC, 0): 3}]
    assert len(await listening.applied()) == 3
