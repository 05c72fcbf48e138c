"""Whatever is done to a table by hand, the checker finds and names."""

import json
from pathlib import Path

import asyncpg
import pytest

from deploy.checking.findings import Findings, Kind
from deploy.database import connected
from shared.ids import new_id, new_opaque_id
from tests.checking.world import MONTHS, World

UNGUARDED = "ALTER TABLE {} DISABLE TRIGGER append_only"
PAID = "type = 'rent_sponsorship.RentPaid.v1'"
A_PAYMENT = f"(SELECT min(version) FROM rent_sponsorship.event WHERE {PAID})"  # noqa: S608  ours
BOOKED_PAYMENT = f"(SELECT min(number) FROM ledger.link WHERE {PAID})"  # noqa: S608  ours

REST_OF_ENTRY = """position, resource, month, moved_from, moved_to, quantity, organisation_id,
    commitment_id, delivery_id, delivery_version, required, open, promised, delivered, confirmed"""


def named(findings: Findings, kind: Kind, *words: str) -> bool:
    first = findings.first[kind]
    text = f"{first.owner} {first.where} {first.expected} {first.found}"
    assert all(word in text for word in words), text
    return True


async def test_what_was_not_touched_shows_no_difference(world: World, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in world.accepted))
    findings = await world.check(journal)
    assert findings.differences == 0, findings.first
    assert findings.accepted["rent_sponsorship"] == len(world.accepted) == 7
    assert findings.events["rent_sponsorship"] == 7
    assert findings.events["ledger"] > 0, "shortfalls were said and compared too"


async def test_an_event_that_was_removed_is_missed(world: World) -> None:
    findings = await world.check_after(
        UNGUARDED.format("rent_sponsorship.event"),
        f"DELETE FROM rent_sponsorship.event WHERE version = {A_PAYMENT}",  # noqa: S608  ours
    )
    assert named(findings, "lost", "rent_sponsorship", "version 3 of rent_agreement/")
    assert named(findings, "phantom", "yui.rent_sponsorship.v1/", "RentPaid")


async def test_the_last_event_of_a_stream_cannot_be_removed_unseen(world: World) -> None:
    findings = await world.check_after(
        UNGUARDED.format("rent_sponsorship.event"),
        "DELETE FROM rent_sponsorship.event WHERE type LIKE '%Withdrawn%'",
    )
    assert named(findings, "phantom", "RentSponsorshipWithdrawn")
    assert named(findings, "lost", "answer to", "no such event")


async def test_an_event_that_was_rewritten_is_shown_beside_what_kafka_holds(world: World) -> None:
    findings = await world.check_after(
        UNGUARDED.format("rent_sponsorship.event"),
        f"""UPDATE rent_sponsorship.event SET body = replace(
            convert_from(body, 'UTF8'), '150000', '150001')::bytea
        WHERE version = {A_PAYMENT}""",  # noqa: S608  ours
    )
    assert named(findings, "altered", "yui.rent_sponsorship.v1/", "RentPaid", "another body")


async def test_an_event_saved_out_of_its_order_is_reordered(world: World) -> None:
    findings = await world.check_after(
        UNGUARDED.format("rent_sponsorship.event"),
        """UPDATE rent_sponsorship.event SET version = version + 100 WHERE version = 2""",
        """UPDATE rent_sponsorship.event SET version = 2 WHERE version = 3""",
        """UPDATE rent_sponsorship.event SET version = 3 WHERE version = 102""",
    )
    assert named(
        findings, "reordered", "rent_sponsorship", "event table", "version 3 of", "after version 2"
    )


async def test_an_altered_cell_is_named_with_both_figures(world: World) -> None:
    findings = await world.check_after(
        f"""UPDATE ledger.cell SET promised = promised + 7, delivered = delivered - 7
        WHERE month = '{MONTHS[0]}'"""  # noqa: S608  ours
    )
    assert set(findings.first) == {"unbalanced"}
    assert named(findings, "unbalanced", f"cell {world.home_id}/rent/{MONTHS[0]}", "promised 7,")


async def test_a_cell_that_was_removed_is_missed(world: World) -> None:
    findings = await world.check_after(f"DELETE FROM ledger.cell WHERE month = '{MONTHS[1]}'")  # noqa: S608  ours
    assert named(findings, "unbalanced", f"cell {world.home_id}/rent/{MONTHS[1]}", "no cell")


async def test_the_database_itself_refuses_an_unbalanced_cell(world: World) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="every_unit_is_somewhere"):
        await world.check_after("UPDATE ledger.cell SET open = open + 1, announced = open + 1")


async def test_the_database_itself_refuses_to_forget(world: World) -> None:
    for table in ("rent_sponsorship.event", "ledger.entry", "ledger.link", "ledger.outcome"):
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await world.check_after(f"DELETE FROM {table}")  # noqa: S608  ours


async def test_an_entry_that_was_removed_is_missed(world: World) -> None:
    findings = await world.check_after(
        UNGUARDED.format("ledger.entry"),
        f"DELETE FROM ledger.entry WHERE number = {BOOKED_PAYMENT}",  # noqa: S608  ours
    )
    assert set(findings.first) == {"lost", "unbalanced"}
    assert named(findings, "lost", f"entry {world.home_id}/", "150000", "no entry")


async def test_an_entry_that_was_altered_is_shown(world: World) -> None:
    findings = await world.check_after(
        UNGUARDED.format("ledger.entry"),
        f"UPDATE ledger.entry SET organisation_id = 'another' WHERE number = {BOOKED_PAYMENT}",  # noqa: S608  ours
    )
    assert findings.count("altered") == 1
    assert named(findings, "altered", f"entry {world.home_id}/", "another")


async def test_an_entry_without_a_link_is_a_phantom(world: World) -> None:
    findings = await world.check_after(
        f"""INSERT INTO ledger.entry SELECT home_id, 999, {REST_OF_ENTRY}
        FROM ledger.entry LIMIT 1"""  # noqa: S608  ours
    )
    assert named(findings, "phantom", f"entry {world.home_id}/999/")


async def test_an_event_that_was_booked_twice_is_doubled(world: World) -> None:
    findings = await world.check_after(
        f"""INSERT INTO ledger.link
        SELECT home_id, 999, event_id, type, stream, version, topic, partition, "offset",
               correlation, causation, recorded_at, booked_at, business_date, digest, hash
        FROM ledger.link WHERE number = {BOOKED_PAYMENT}""",  # noqa: S608  ours
        f"""INSERT INTO ledger.entry SELECT home_id, 999, {REST_OF_ENTRY}
        FROM ledger.entry WHERE number = {BOOKED_PAYMENT}""",  # noqa: S608  ours
    )
    assert named(findings, "doubled", f"link {world.home_id}/999", "RentPaid")
    assert named(findings, "lost", f"link {world.home_id}/998")


async def test_a_link_that_was_removed_leaves_its_event_unbooked(world: World) -> None:
    findings = await world.check_after(
        UNGUARDED.format("ledger.link"),
        f"DELETE FROM ledger.link WHERE number = {BOOKED_PAYMENT}",  # noqa: S608  ours
    )
    assert named(findings, "lost", "RentPaid", "a link in its home's chain")
    assert named(findings, "phantom", f"entry {world.home_id}/")


async def test_an_outcome_that_was_removed_is_missed(world: World) -> None:
    findings = await world.check_after(
        UNGUARDED.format("ledger.outcome"),
        """DELETE FROM ledger.outcome
        WHERE topic = 'yui.rent_sponsorship.v1' AND outcome = 'booked'""",
    )
    assert named(findings, "lost", "ledger", "RentPromised", "passed over")


async def test_an_offset_that_was_moved_back_is_unapplied(world: World) -> None:
    findings = await world.check_after(
        """UPDATE ledger.consumer_offset SET next_offset = next_offset - 1
        WHERE topic = 'yui.rent_sponsorship.v1' AND next_offset > 0"""
    )
    assert named(findings, "unapplied", "ledger", "offset of yui.rent_sponsorship.v1/")


async def test_an_offset_beyond_the_log_says_that_kafka_lost_its_end(world: World) -> None:
    findings = await world.check_after(
        """UPDATE ledger.consumer_offset SET next_offset = next_offset + 1
        WHERE topic = 'yui.rent_sponsorship.v1'"""
    )
    assert named(findings, "lost", "ledger", "Kafka's end of yui.rent_sponsorship.v1/")


async def test_a_stream_that_was_wound_back_is_altered(world: World) -> None:
    findings = await world.check_after(
        """UPDATE ledger.consumer_stream SET version = version - 1
        WHERE topic = 'yui.rent_sponsorship.v1'"""
    )
    assert findings.differences == 1
    assert named(findings, "altered", "ledger", "last version applied of rent_agreement/")


async def test_what_is_unsent_is_stuck(world: World) -> None:
    findings = await world.check_after(
        "INSERT INTO rent_sponsorship.outbox SELECT max(position) FROM rent_sponsorship.event"
    )
    assert findings.differences == 1
    assert named(findings, "unsent", "RentSponsorshipWithdrawn")


async def test_what_is_held_or_parked_is_stuck(world: World) -> None:
    findings = await world.check_after(
        """INSERT INTO ledger.held (topic, stream, version, event_id, partition, "offset", headers)
        VALUES ('yui.homes.v1', 'need/x', 5, gen_random_uuid(), 0, 0, '[]')""",
        """INSERT INTO ledger.parked
            (topic, partition, "offset", reason, detail, headers)
        VALUES ('yui.homes.v1', 0, 1, 'fork', 'another event', '[]')""",
    )
    assert named(findings, "held", "version 5 of need/x")
    assert named(findings, "parked", "fork: another event")


async def test_a_delivery_that_was_altered_is_named(world: World) -> None:
    findings = await world.check_after(
        "UPDATE ledger.delivery SET seen_version = 9 WHERE seen_version = 3"
    )
    assert findings.differences == 1
    assert named(findings, "unbalanced", f"delivery {world.home_id}/", "seen_version 9")


async def test_a_shortfall_that_was_never_said_is_missed(world: World) -> None:
    findings = await world.check_after(
        f"UPDATE ledger.cell SET episode = episode + 1 WHERE month = '{MONTHS[-1]}'"  # noqa: S608  ours
    )
    assert findings.differences == 1
    assert named(findings, "unbalanced", f"shortfall/{world.home_id}/rent/{MONTHS[-1]}")


async def test_an_event_that_the_log_forgot_is_missed(world: World) -> None:
    findings = await world.check_after(
        UNGUARDED.format("eventlog.logged_event"),
        "DELETE FROM eventlog.logged_event WHERE type LIKE '%RentPaid%' AND version = 3",
    )
    assert set(findings.first) == {"lost"}
    assert named(findings, "lost", "eventlog", "RentPaid", "in the event log")


async def test_an_accepted_event_that_is_nowhere_is_lost(world: World, tmp_path: Path) -> None:
    event_id = str(new_id())
    line = {
        "service": "rent_sponsorship",
        "idempotency_key": new_opaque_id(),
        "event_ids": [event_id],
    }
    journal = tmp_path / "journal"
    journal.write_text(f"{json.dumps(line)}\n")
    findings = await world.check(journal)
    assert named(findings, "lost", "rent_sponsorship", event_id, "its event table", "Kafka")


async def test_two_answers_to_one_key_are_doubled(world: World, tmp_path: Path) -> None:
    first, second = world.accepted[1], world.accepted[2]
    again = {**second, "idempotency_key": first["idempotency_key"]}
    journal = tmp_path / "journal"
    journal.write_text(f"{json.dumps(first)}\n{json.dumps(again)}\n")
    findings = await world.check(journal)
    assert findings.differences == 1
    assert named(findings, "doubled", first["idempotency_key"])


async def test_the_auditor_who_checks_can_change_nothing(world: World) -> None:
    async with connected(world.database.url("auditor")) as connection:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("UPDATE ledger.cell SET episode = 0")


async def test_double_funding_that_was_altered_is_named_with_both_figures(world: World) -> None:
    findings = await world.check_after("UPDATE ledger.double_funding SET excess = excess - 1")
    where = f"{world.home_id}/rent/{MONTHS[0]}"
    assert named(findings, "unbalanced", f"double funding {where}", "21,000 beyond", "20,999")


async def test_double_funding_that_was_removed_is_missed(world: World) -> None:
    findings = await world.check_after("DELETE FROM ledger.double_funding")
    assert findings.differences == 2, "the row, and what was said of it"
    assert named(findings, "unbalanced", "double funding", "21,000 beyond", "none")


async def test_double_funding_that_never_was_is_shown(world: World) -> None:
    findings = await world.check_after(
        f"""INSERT INTO ledger.double_funding
        VALUES ('{world.home_id}', 'rent', '{MONTHS[1]}', 5, '{{city}}', 1)"""  # noqa: S608  ours
    )
    assert named(findings, "unbalanced", f"double funding {world.home_id}/rent/{MONTHS[1]}", "5 ")


async def test_places_are_not_compared_from_before_a_topic_was_read_anew(world: World) -> None:
    moved = (
        UNGUARDED.format("ledger.outcome"),
        """UPDATE ledger.outcome SET "offset" = "offset" + 1000
        WHERE topic = 'yui.rent_sponsorship.v1' AND outcome = 'no_movement'""",
    )
    findings = await world.check_after(*moved)
    assert named(findings, "altered", "ledger", "place of the outcome of")
    anew = """INSERT INTO ledger.reread (topic, reason, told_by)
        VALUES ('yui.rent_sponsorship.v1', 'the topic was made anew', 'an operator')"""
    assert (await world.check_after(*moved, anew)).differences == 0
