"""Whatever is done to Kafka's log by hand, the checker finds and names."""

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.ids import new_id
from tests.checking.test_tables import named
from tests.checking.world import TOPIC, World


@pytest.fixture
async def records(world: World) -> AsyncIterator[list[Any]]:
    """Return what the topic holds; it holds that again afterwards."""
    kept = await world.records(TOPIC)
    yield list(kept)
    await world.rewrite(TOPIC, kept)
    assert (await world.check()).differences == 0, "the damage was mended"


def with_id(record: Any, event_id: str) -> Any:  # noqa: ANN401  the client ships no types
    headers = [(name, event_id.encode() if name == "ce_id" else v) for name, v in record.headers]
    return record.__class__(**{**vars_of(record), "headers": headers})


def vars_of(record: Any) -> dict[str, Any]:  # noqa: ANN401  the client ships no types
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


async def test_a_record_of_no_event_is_a_phantom(world: World, records: list[Any]) -> None:
    event_id = str(new_id())
    await world.rewrite(TOPIC, [*records, with_id(records[-1], event_id)])
    findings = await world.check()
    assert named(findings, "phantom", TOPIC, event_id)
    assert named(findings, "unapplied", f"offset of {TOPIC}/")


async def test_a_record_that_is_missing_is_lost(world: World, records: list[Any]) -> None:
    await world.rewrite(TOPIC, [*records[:2], *records[3:]])
    findings = await world.check()
    assert named(findings, "lost", "version 3 of rent_agreement/", "nowhere in its topic")


async def test_first_occurrences_out_of_order_are_reordered(
    world: World, records: list[Any]
) -> None:
    await world.rewrite(TOPIC, [records[0], records[2], records[1], *records[3:]])
    findings = await world.check()
    assert findings.count("reordered") == 1
    assert named(findings, "reordered", "version 3 of", "after version 2", "before it")


async def test_a_stream_in_two_partitions_is_reordered(world: World, records: list[Any]) -> None:
    moved = records[-1].__class__(
        **{**vars_of(records[-1]), "partition": (records[-1].partition + 1) % 12}
    )
    await world.rewrite(TOPIC, [*records[:-1], moved])
    findings = await world.check()
    first, both = findings.first["reordered"], {records[0].partition, moved.partition}
    # Which is read first is for Kafka to say: one is where it was found, the other where before.
    found = {one for one in both if f"/{one}/" in first.where}
    assert {one for one in both if f"in {one}" in first.expected} == both - found
    assert len(found) == 1


async def test_repeats_are_no_difference_once_everyone_has_passed_them(
    world: World, records: list[Any]
) -> None:
    again = random.Random(1).sample(records, 3)
    await world.rewrite(TOPIC, [*records, *again])
    findings = await world.check()
    assert {kind for _, kind in findings.counts} == {"unapplied"}, findings.first


async def test_a_record_with_another_body_is_altered(world: World, records: list[Any]) -> None:
    other = records[2].__class__(**{**vars_of(records[2]), "value": b"{}"})
    await world.rewrite(TOPIC, [*records[:2], other, *records[3:]])
    findings = await world.check()
    assert named(findings, "altered", TOPIC, "RentPaid")
