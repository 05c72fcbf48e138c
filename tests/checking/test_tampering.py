"""Alter any column, remove any row, add any row of what the ledger holds: it is found and named.

Each case is planted in a transaction, seen by the very parts that `yui verify` is made of, and
undone.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from deploy.checking.check import checks_of, topics_of
from deploy.checking.findings import Findings
from deploy.checking.kafka_log import Ends, KafkaLog, kafka_log
from deploy.checking.sessions import session
from deploy.checking.settling import look
from deploy.checking.topic import Reading
from tests.checking.world import OWNED_BY_TEST, World

if TYPE_CHECKING:
    from deploy.checking.sessions import Connection

OTHER: Final = {
    "bigint": "{column} + 1000",
    "integer": "{column} + 1000",
    "smallint": "{column} + 100",
    "text": "{column} || 'x'",
    "text[]": "array_append({column}, 'x')",
    "uuid": "gen_random_uuid()",
    "bytea": "set_byte({column}, 0, get_byte({column}, 0) # 1)",
    "timestamp with time zone": "{column} + interval '1 microsecond'",
    "date": "{column} + 1",
}
OTHER_PLACE: Final = "CASE WHEN {column} = 'confirmed' THEN 'need' ELSE 'confirmed' END"
OTHER_OF: Final = {
    "entry.moved_from": OTHER_PLACE,
    "entry.moved_to": OTHER_PLACE,
    "outcome.outcome": "CASE WHEN outcome = 'booked' THEN 'no_movement' ELSE 'booked' END",
    # More than have delivered to it may be named: such a cell is only looked into once too often.
    "cell.funders": "0",
}
UNKNOWN: Final = {
    "outcome.decided_at": "the database's own note",
    "seal.sealed_at": "the database's own note",
    "head.settled_at": "what somebody was answered, which nothing else tells",
    "head.settled_on": "as above",
    "event.position": "counts locally; the order that it gives is checked",
}
"""Columns that nothing else tells, each with the reason."""

NAMES: Final = {
    "link": "home_id || '/' || number",
    "entry": "home_id || '/' || number",
    "outcome": "event_id::text",
    "unmoved": "event_id::text",
    "event": "event_id::text",
    "cell": "concat_ws('/', home_id, resource, month)",
    "delivery": "concat_ws('/', home_id, delivery_id)",
    "double_funding": "concat_ws('/', home_id, resource, month)",
    "contributor": "organisation_id",
    "head": "home_id",
    "seal": "home_id || ' for ' || month",
    "consumer_offset": "topic || '/' || partition",
    "consumer_stream": "stream",
}
"""What a row is called where it is found, by table."""
ONLY: Final = {
    "consumer_offset": "next_offset > 0",
    "cell": "funders <> 0",
    "link": "number > 1",
}
"""Rows that say something."""
NEW: Final = {
    "link": {"number": "999"},
    "entry": {"position": "99"},
    "outcome": {"event_id": "gen_random_uuid()"},
    "unmoved": {"event_id": "gen_random_uuid()"},
    "event": {"event_id": "gen_random_uuid()", "version": "version + 1000"},
    "cell": {"month": "'2031-01'"},
    "delivery": {"delivery_id": "'another'"},
    "double_funding": {"month": "'2031-01'"},
    "contributor": {"organisation_id": "'another'"},
    "head": {"home_id": "'another'"},
    "seal": {"month": "'2031-01'"},
    "consumer_offset": {"partition": "99"},
    "consumer_stream": {"stream": "'another/1'"},
}
"""What makes a copied row another."""

COLUMNS: Final = """
SELECT attname AS name, format_type(atttypid, NULL) AS type, attidentity <> '' AS is_identity
FROM pg_attribute WHERE attrelid = to_regclass('ledger.' || $1) AND attnum > 0
AND NOT attisdropped ORDER BY attnum
"""
CHECKS: Final = """
SELECT conname FROM pg_constraint WHERE conrelid = to_regclass('ledger.' || $1) AND contype = 'c'
"""


@dataclass(frozen=True)
class Examiner:
    """The parts of the checker on one connection, that may also do damage and undo it."""

    connection: "Connection"
    log: KafkaLog
    ends: Ends

    async def examine(self) -> Findings:
        standing = await look(self.connection, await self.log.topics(), self.ends)
        topics = topics_of(standing, OWNED_BY_TEST)
        reading = Reading(self.connection, self.log, standing, lambda _: None)
        found = Findings()
        for topic in topics:
            await topic.prepare(self.connection)
            found.take(await reading.check(topic))
        for check in checks_of(standing, topics):
            found.take(await check.run(self.connection))
        return found

    async def examine_after(self, table: str, damage: str) -> tuple[list[str], Findings]:
        """Return what the damaged row was, and is, called, and what was found."""
        attempt = self.connection.transaction()
        await attempt.start()
        try:
            await self.connection.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER USER")
            for row in await self.connection.fetch(CHECKS, table):
                drop = f"ALTER TABLE ledger.{table} DROP CONSTRAINT {row['conname']}"
                await self.connection.execute(drop)
            damaged = await self.connection.fetchrow(damage)
            assert damaged is not None, "there is such a row"
            return [str(name) for name in damaged], await self.examine()
        finally:
            await attempt.rollback()


@pytest.fixture(scope="module")
async def examiner(world: World) -> AsyncIterator[Examiner]:
    async with (
        session(world.database.administrator()) as connection,
        kafka_log(world.stack.kafka_bootstrap) as log,
    ):
        yield Examiner(connection, log, await log.ends(list(await log.topics())))


def one_of(table: str, case: str = "") -> str:
    """The place of a row that says something: by chance, and the same in every run."""
    rows = f"ledger.{table} WHERE {ONLY.get(table, 'true')}"
    chance = Random(f"{table} {case}").random()
    nth = f"(SELECT floor(count(*) * {chance}) FROM {rows})"  # noqa: S608  ours
    return f"ctid = (SELECT ctid FROM {rows} ORDER BY ctid OFFSET {nth} LIMIT 1)"  # noqa: S608  ours


def called(names: Sequence[str], found: Findings) -> bool:
    texts = [f"{d.where} {d.expected} {d.found}" for d in found.first.values()]
    return any(name in text for name in names for text in texts)


async def columns_of(examiner: Examiner, table: str) -> dict[str, str]:
    rows = await examiner.connection.fetch(COLUMNS, table)
    return {row["name"]: row["type"] for row in rows if not row["is_identity"]}


async def test_nothing_is_found_where_nothing_was_done(examiner: Examiner) -> None:
    attempt = examiner.connection.transaction()
    await attempt.start()
    found = await examiner.examine()
    await attempt.rollback()
    assert found.differences == 0, found.first


@pytest.mark.parametrize("table", NAMES)
async def test_whatever_is_altered_in_a_row_is_found_and_named(
    examiner: Examiner, table: str
) -> None:
    for column, type_ in (await columns_of(examiner, table)).items():
        if f"{table}.{column}" in UNKNOWN:
            continue
        other = OTHER_OF.get(f"{table}.{column}", OTHER[type_]).format(column=f'"{column}"')
        if type_ in {"uuid", "text"}:
            other = f"COALESCE({other}, {'gen_random_uuid()' if type_ == 'uuid' else repr('x')})"
        elif type_ == "bigint":
            other = f"COALESCE({other}, 7)"
        names, found = await examiner.examine_after(
            table,
            f"""WITH it AS (
                SELECT ctid AS at, {NAMES[table]} AS name FROM ledger.{table}
                WHERE {one_of(table, column)}
            )
            UPDATE ledger.{table} AS row SET "{column}" = {other} FROM it WHERE row.ctid = it.at
            RETURNING it.name, {NAMES[table]}""",  # noqa: S608  ours
        )
        assert called(names, found), f"{table}.{column} of {names}: {found.first}"


@pytest.mark.parametrize("table", NAMES)
async def test_whatever_row_is_removed_is_missed(examiner: Examiner, table: str) -> None:
    names, found = await examiner.examine_after(
        table,
        f"DELETE FROM ledger.{table} WHERE {one_of(table)} RETURNING {NAMES[table]}",  # noqa: S608  ours
    )
    assert called(names, found), f"{table} {names}: {found.first}"


@pytest.mark.parametrize("table", NAMES)
async def test_whatever_row_is_added_is_a_phantom(examiner: Examiner, table: str) -> None:
    columns = await columns_of(examiner, table)
    values = ", ".join(NEW[table].get(column, f'"{column}"') for column in columns)
    listed = ", ".join(f'"{column}"' for column in columns)
    names, found = await examiner.examine_after(
        table,
        f"""INSERT INTO ledger.{table} ({listed}) SELECT {values} FROM ledger.{table}
        WHERE {one_of(table)} RETURNING {NAMES[table]}""",  # noqa: S608  ours
    )
    assert called(names, found), f"{table} {names}: {found.first}"
