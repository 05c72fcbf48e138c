"""Whatever was altered in the first ledger is found beside the second, and named."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from deploy import database as databases
from deploy.database import Database, connected
from deploy.rebuilding import second
from deploy.services import BY_NAME
from tests.checking.world import SERVICES, World
from tests.support.rebuilding import rebuilt

UNGUARDED = "SET session_replication_role = replica; SET search_path = ledger; "
SWAP = """
UPDATE link SET number = 100 WHERE number = 3; UPDATE link SET number = 3 WHERE number = 4;
UPDATE link SET number = 4 WHERE number = 100
"""


@asynccontextmanager
async def a_copy(world: World) -> AsyncIterator[Database]:
    world.stack.copies += 1
    services = [BY_NAME[name] for name in SERVICES]
    copy = await databases.copy(world.database, f"test_{world.stack.copies}", services)
    try:
        yield copy
    finally:
        await world.stack.drop(copy)


async def test_two_ledgers_of_one_log_are_the_same(world: World) -> None:
    """Though the second has read it in another order: one partition after the other."""
    async with a_copy(world) as copy:
        comparison = await rebuilt(copy, world.stack.auditors_bootstrap)
        assert comparison.differences == []
        counts = comparison.counts
        assert counts["links"] > 5
        assert counts["shortfalls"] > 0
        assert counts["deliveries"] > 2
        async with second.owning(copy) as connection:
            assert await connection.fetchval("SELECT count(*) FROM event") > 0, "it says the same"
            assert await connection.fetchval("SELECT count(*) FROM outbox") == 0, "to nobody"
        await second.forget(copy)
        async with connected(copy.administrator()) as connection:
            left = "SELECT count(*) FROM pg_namespace WHERE nspname = 'ledger_rebuild'"
            assert await connection.fetchval(left) == 0


@pytest.mark.parametrize(
    ("alteration", "kind", "words"),
    [
        (
            (
                "UPDATE cell SET required = required + 1, open = open + 1, announced = open + 1"
                " WHERE month = '2011-11'"
            ),
            "cell",
            ("rent/2011-11", "open 150000"),
        ),
        (
            "UPDATE entry SET quantity = quantity + 7 WHERE moved_to = 'confirmed'",
            "entry",
            ("/1", "quantity 100000", "quantity 100007"),
        ),
        ("DELETE FROM entry WHERE moved_to = 'confirmed'", "entry", ("none",)),
        (SWAP, "chain", ("/3",)),
        ("UPDATE link SET digest = sha256('') WHERE number = 2", "link", ("digest",)),
        ("UPDATE link SET booked_at = booked_at - '1 s'::interval WHERE number = 2", "chain", ()),
        ("DELETE FROM link WHERE number = 5", "chain", ("link 6", "link 5")),
        ("UPDATE head SET hash = sha256('')", "chain", ("head",)),
        (
            (
                "UPDATE entry SET delivered = delivered + 5, open = open - 5"
                " WHERE (number, position) = (SELECT number, position FROM entry"
                " WHERE month = '2011-09' ORDER BY number DESC, position DESC LIMIT 1)"
            ),
            "running total",
            ("rent/2011-09",),
        ),
        ("UPDATE delivery SET confirmed = 99", "delivery", ("confirmed 99",)),
        ("UPDATE delivery SET excess = 9, episode = 1", "discrepancy", ("excess 9", "none")),
        ("DELETE FROM contributor", "contributor", ("there", "none")),
        (
            (
                "UPDATE consumer_offset SET last_event_id = gen_random_uuid()"
                " WHERE topic = 'yui.rent_sponsorship.v1' AND next_offset > 0"
            ),
            "offset",
            ("yui.rent_sponsorship.v1/",),
        ),
        ("UPDATE seal SET hash = sha256('') WHERE month = '2011-08'", "seal", ("2011-08",)),
        ("DELETE FROM seal WHERE month = '2011-09'", "seal", ("2011-10",)),
        (
            "UPDATE consumer_stream SET version = 99 WHERE stream LIKE 'rent_agreement/%'",
            "stream",
            ("rent_agreement/", "version"),
        ),
        (
            "INSERT INTO seal SELECT home_id, '2011-11', 2, hash, hash FROM link WHERE number = 2",
            "seal",
            ("2011-11",),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "",
)
async def test_what_was_altered_is_named_as_the_first_of_its_kind(
    alteration: str, kind: str, words: tuple[str, ...], world: World
) -> None:
    async with a_copy(world) as copy:
        async with connected(copy.administrator()) as connection:
            await connection.execute(UNGUARDED + alteration)
        comparison = await rebuilt(copy, world.stack.auditors_bootstrap)
        found = {one.kind: one for one in comparison.differences}
        assert kind in found, comparison.differences
        text = f"{found[kind].name} {found[kind].first} {found[kind].second}"
        assert all(word in text for word in words), text
