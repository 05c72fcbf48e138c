"""Owners, Kafka, the event log and the ledger are held together; the first difference is named."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.ids import new_id
from tests.checking.test_kafka_log import vars_of, with_id
from tests.checking.world import TOPIC, World
from tests.reconciling.looking import look, look_after, named

UNGUARDED = "ALTER TABLE {} DISABLE TRIGGER append_only"
PAID = "type = 'rent_sponsorship.RentPaid.v1'"
SECOND = "topic = 'yui.rent_sponsorship.v1' AND version = 2"
A_BOOKED_ONE = f"(SELECT event_id FROM ledger.link WHERE {PAID} ORDER BY number LIMIT 1)"  # noqa: S608  ours


@pytest.fixture
async def records(world: World) -> AsyncIterator[list[Any]]:
    """Return what the topic holds; it holds that again afterwards."""
    kept = await world.records(TOPIC)
    yield list(kept)
    await world.rewrite(TOPIC, kept)
    assert (await look(world)).differences == 0, "the damage was mended"


async def test_what_was_not_touched_shows_no_difference(world: World) -> None:
    found = await look(world)
    assert found.differences == 0, found.findings.first
    rent = found.topics[TOPIC]
    assert rent.tallies["kafka"] == rent.tallies["event table"] == rent.tallies["eventlog"]
    assert rent.tallies["kafka"].events == rent.tallies["kafka"].versions == 7
    assert rent.outcomes["booked"] == rent.links
    assert sum(rent.outcomes.values()) == 7


async def test_an_event_that_its_owner_lacks_is_a_phantom_and_leaves_a_gap(world: World) -> None:
    found = await look_after(
        world,
        UNGUARDED.format("rent_sponsorship.event"),
        "DELETE FROM rent_sponsorship.event WHERE version = 3",
    )
    assert named(found, "phantom", "rent_sponsorship", TOPIC, "version 3 of rent_agreement/")
    assert named(found, "gap", "rent_sponsorship event table", "7 versions of", "6 of them")


async def test_a_sent_event_that_kafka_lacks_is_lost(world: World, records: list[Any]) -> None:
    await world.rewrite(TOPIC, [*records[:2], *records[3:]])
    found = await look(world)
    assert named(found, "lost", "rent_sponsorship", "version 3 of", f"in {TOPIC}")
    assert named(found, "gap", "6 of them")
    assert found.findings.count("phantom") == 2, "the event log's, and the ledger's outcome"


async def test_a_topic_that_has_become_empty_is_lost_to_all(
    world: World, records: list[Any]
) -> None:
    assert records
    await world.rewrite(TOPIC, [])
    found = await look(world)
    counts = found.findings.counts
    assert (counts["rent_sponsorship", "lost"], counts["eventlog", "phantom"]) == (7, 7)
    assert counts["ledger", "phantom"] == 7


async def test_an_unsent_event_is_on_its_way_until_it_is_late(
    world: World, records: list[Any]
) -> None:
    await world.rewrite(TOPIC, records[:-1])
    unsent = "INSERT INTO rent_sponsorship.outbox SELECT max(position) FROM rent_sponsorship.event"
    found = await look_after(world, unsent)
    [waiting] = [one for one in found.waiting if one.kind == "unsent" and one.events]
    assert (waiting.service, waiting.events) == ("rent_sponsorship", 1)
    assert not found.findings.count("lost")
    assert not found.findings.count("unsent")
    late = await look_after(
        world,
        unsent,
        UNGUARDED.format("rent_sponsorship.event"),
        "UPDATE rent_sponsorship.event SET recorded_at = recorded_at - interval '1 hour'",
    )
    assert named(late, "unsent", "rent_sponsorship", "1, the oldest for")


async def test_a_version_that_two_events_have_is_doubled(world: World, records: list[Any]) -> None:
    await world.rewrite(TOPIC, [*records, with_id(records[-1], str(new_id()))])
    assert named(await look(world), "doubled", "rent_sponsorship", f"{TOPIC}/", "one event, ")


async def test_a_repeat_of_other_content_is_altered(world: World, records: list[Any]) -> None:
    other = records[2].__class__(**{**vars_of(records[2]), "value": b"{}"})
    await world.rewrite(TOPIC, [*records, other])
    assert named(await look(world), "altered", "rent_sponsorship", "a repeat of", "RentPaid")


@pytest.mark.parametrize(
    ("table", "column", "value", "said"),
    [
        ("rent_sponsorship.event", "body", "body || ' '::bytea", "in the event table"),
        ("rent_sponsorship.event", "type", "type || 'x'", "in the event table"),
        ("eventlog.logged_event", "body", "body || ' '::bytea", "in logged_event"),
        ("eventlog.logged_event", "key", "'another'", "in logged_event"),
    ],
)
async def test_whatever_of_an_event_was_altered_is_named(
    world: World, table: str, column: str, value: str, said: str
) -> None:
    where = SECOND if "logged" in table else "version = 2"
    found = await look_after(
        world,
        UNGUARDED.format(table),
        f"UPDATE {table} SET {column} = {value} WHERE {where}",  # noqa: S608  ours
    )
    assert named(found, "altered", "version 2 of rent_agreement/", said, f"{TOPIC}/")


async def test_what_the_event_log_lacks_is_lost(world: World) -> None:
    found = await look_after(
        world,
        UNGUARDED.format("eventlog.logged_event"),
        f"DELETE FROM eventlog.logged_event WHERE {SECOND}",  # noqa: S608  ours
    )
    assert named(found, "lost", "eventlog", "version 2 of rent_agreement/")
    assert named(found, "gap", "eventlog", "6 of them")


async def test_what_the_event_log_alone_has_is_a_phantom(world: World) -> None:
    found = await look_after(
        world,
        f"""INSERT INTO eventlog.logged_event
        SELECT gen_random_uuid(), topic, partition, place + 1000, "offset" + 1000, stream,
               version + 1000, key, home_id, type, source, recorded_at, correlation, causation,
               traceparent, body, logged_at
        FROM eventlog.logged_event WHERE {SECOND}""",  # noqa: S608  ours
    )
    assert named(found, "phantom", "eventlog", "version 1002 of", "in logged_event alone")


async def test_an_event_without_an_outcome_is_lost(world: World) -> None:
    found = await look_after(
        world,
        UNGUARDED.format("ledger.outcome"),
        f"DELETE FROM ledger.outcome WHERE event_id = {A_BOOKED_ONE}",  # noqa: S608  ours
    )
    assert named(found, "lost", "ledger", "applied, held or parked")
    assert named(found, "phantom", "ledger", "no link: it is not booked")


async def test_an_event_that_was_booked_without_a_link_is_lost(world: World) -> None:
    found = await look_after(
        world,
        UNGUARDED.format("ledger.link"),
        f"DELETE FROM ledger.link WHERE event_id = {A_BOOKED_ONE}",  # noqa: S608  ours
    )
    assert named(found, "lost", "ledger", "one link", "0 links")


async def test_a_link_of_another_digest_is_altered(world: World) -> None:
    found = await look_after(
        world,
        UNGUARDED.format("ledger.link"),
        f"UPDATE ledger.link SET digest = sha256('') WHERE event_id = {A_BOOKED_ONE}",  # noqa: S608  ours
    )
    assert named(found, "altered", "ledger", "link ", world.home_id, "another digest")


async def test_what_a_listener_has_not_reached_is_on_its_way(
    world: World, records: list[Any]
) -> None:
    again = records[-1].__class__(**vars_of(records[-1]))
    headers = [
        (name, b"999" if name == "ce_sequence" else value)
        for name, value in with_id(again, str(new_id())).headers
    ]
    young = again.__class__(**{**vars_of(again), "headers": headers})
    await world.rewrite(TOPIC, [*records, young])
    found = await look(world)
    waiting = {one.service: one.events for one in found.waiting if one.kind == "unapplied"}
    assert waiting == {"ledger": 1, "eventlog": 1}


async def test_parked_and_held_events_are_named(world: World) -> None:
    found = await look_after(
        world,
        """INSERT INTO ledger.parked (topic, partition, "offset", reason, detail, headers)
        VALUES ('yui.homes.v1', 0, 1000, 'unreadable', '', '{}')""",
        """INSERT INTO ledger.held (topic, stream, version, event_id, partition, "offset", headers)
        VALUES ('yui.homes.v1', 'home/x', 9, gen_random_uuid(), 0, 1001, '{}')""",
    )
    assert named(found, "parked", "ledger", "1, the oldest for")
    assert named(found, "held", "ledger", "1, the oldest for")
