"""Where promises have ended and how long things take, as figures for people and for Prometheus."""

import json
from pathlib import Path

import asyncpg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.database import connected
from deploy.reconciling import metrics
from shared.contracts.resources import RENT
from tests.checking.world import TOPIC, World
from tests.reconciling.looking import look, look_after, named

UNGUARDED = "ALTER TABLE {} DISABLE TRIGGER append_only"


async def test_each_promise_ends_somewhere(world: World) -> None:
    """Four months of 150,000: paid, paid short after a correction, still owed, withdrawn."""
    [rent] = (await look(world)).cleared
    assert rent.resource == RENT
    assert rent.promised == 4 * 150_000
    assert (rent.delivered, rent.withdrawn, rent.lapsed, rent.lowered) == (290_000, 150_000, 0, 0)
    assert (rent.outstanding, rent.overdue, rent.overdue_promises) == (160_000, 160_000, 2)


async def test_what_is_outstanding_for_a_month_that_has_ended_is_overdue(world: World) -> None:
    played = "INSERT INTO ledger.business_date VALUES ('tokyo', '{}') ON CONFLICT (calendar) \
DO UPDATE SET day = excluded.day"
    [early] = (await look_after(world, played.format("2011-09-30"))).cleared
    assert (early.overdue_promises, early.overdue, early.overdue_days_max) == (0, 0, 0)
    [late] = (await look_after(world, played.format("2011-10-08"))).cleared
    assert (late.overdue_promises, late.overdue, late.overdue_days_max) == (1, 10_000, 8)


async def test_a_cell_that_shows_another_promise_is_unbalanced(world: World) -> None:
    found = await look_after(
        world, "UPDATE ledger.cell SET promised = promised + 7, delivered = delivered - 7"
    )
    assert named(found, "unbalanced", "cell ", world.home_id, RENT)


async def test_a_promise_that_ended_more_than_once_is_unbalanced(world: World) -> None:
    found = await look_after(
        world,
        UNGUARDED.format("ledger.entry"),
        "UPDATE ledger.entry SET quantity = quantity + 999999 WHERE moved_from = 'promised'",
    )
    assert named(found, "unbalanced", world.home_id, "outstanding -")


async def test_metrics_and_json_tell_the_same(world: World, tmp_path: Path) -> None:
    found = await look(world)
    file = tmp_path / "yui.prom"
    metrics.write(found, file)
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(file.read_text())
        for sample in family.samples
    }
    told = json.loads(json.dumps(found.as_json()))
    assert (told["differences"], told["first"]) == (0, {})
    assert samples["yui_reconcile_differences", "lost"] == 0
    topic = told["topics"][TOPIC]
    assert topic["event_table"] == topic["kafka"] == topic["eventlog"]
    assert samples["yui_reconcile_events", "event_table", TOPIC] == topic["kafka"]["events"] == 7
    assert samples["yui_reconcile_gaps", "kafka", TOPIC] == topic["kafka"]["gaps"] == 0
    [rent] = told["clearing"]
    assert samples["yui_reconcile_promise_units", RENT, "withdrawn"] == rent["withdrawn"] > 0
    assert samples["yui_reconcile_overdue_days_max", RENT] == rent["overdue_days_max"] > 0
    assert samples["yui_reconcile_waiting_oldest_seconds", "ledger", "parked"] == 0
    booked = told["timeliness"]["booked"]
    assert 0 <= booked["p50_s"] <= booked["p99_s"]
    assert samples["yui_reconcile_booked_after_seconds", "0.99"] == booked["p99_s"]


async def test_it_looks_as_the_auditor_who_cannot_write(world: World) -> None:
    async with connected(world.database.url("auditor")) as connection:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("DELETE FROM ledger.cell")
        await connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM ledger.cell")
