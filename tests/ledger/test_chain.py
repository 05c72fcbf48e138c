"""Each home's links are tied by hash as docs/chain.md says; an altered one breaks its chain."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain.links import Link, link_hash
from shared.ids import new_opaque_id
from tests.ledger.books import Ledger, ledger_on
from tests.ledger.chain import first_broken
from tests.ledger.test_books import needed, sponsored
from tests.support.records import Log, envelopes
from tests.support.stack import MakeDatabase

EPOCH = datetime(1990, 1, 1, tzinfo=UTC)
# A header may hold whatever UTF-8 can, but no null character.
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=60)
instants = st.integers(0, 2**32 * 10**6).map(lambda us: EPOCH + timedelta(microseconds=us))
numbers = st.integers(1, 2**63 - 1)


@given(
    st.builds(
        Link,
        *(texts, numbers, st.uuids(), texts, texts, numbers, texts, st.integers(0, 11), numbers),
        *(texts, st.none() | st.uuids(), instants, instants),
        st.dates(date(1990, 1, 1)),
        st.binary(min_size=32, max_size=32),
    ),
    st.none() | st.binary(min_size=32, max_size=32),
)
def test_two_implementations_agree_whatever_a_link_holds(
    link: Link, previous: bytes | None
) -> None:
    first = {**link._asdict(), "number": 1, "hash": link_hash(None, link._replace(number=1))}
    assert first_broken([first]) is None
    second = link._replace(number=2)
    following = {**second._asdict(), "hash": link_hash(first["hash"], second)}
    assert first_broken([first, following]) is None
    assert link_hash(previous, link) != link_hash(sha256(previous or b"").digest(), link)


@pytest.fixture
async def ledger(database: MakeDatabase) -> AsyncIterator[Ledger]:
    made = await database("ledger")
    async with ledger_on(made) as running:
        yield running


async def links_of(ledger: Ledger, home_id: str) -> list[dict[str, Any]]:
    rows = await ledger.pool.fetch(
        "SELECT * FROM link WHERE home_id = $1 ORDER BY number", home_id
    )
    return [dict(row) for row in rows]


async def test_the_chain_of_a_home_holds_however_its_events_are_batched(ledger: Ledger) -> None:
    random, home_id = Random(3), new_opaque_id()
    log = Log()
    log.write_all(envelopes([*needed(home_id, 700, 300), *sponsored(home_id, random, 30)]))
    await ledger.know(log)
    for records in log.topics.values():
        rest = records
        while rest:
            size = random.choice((1, 3, 60))
            batch, rest = rest[:size], rest[size:]
            await ledger.hear(batch)
    links = await links_of(ledger, home_id)
    assert len(links) > 5
    assert first_broken(links) is None
    bodies = {record.value for records in log.topics.values() for record in records}
    assert {link["digest"] for link in links} <= {sha256(body or b"").digest() for body in bodies}
    head = await ledger.pool.fetchrow("SELECT * FROM head WHERE home_id = $1", home_id)
    assert head is not None
    assert (head["links"], head["hash"]) == (links[-1]["number"], links[-1]["hash"])


@pytest.mark.parametrize(
    ("column", "other"),
    [
        ("event_id", UUID(int=7)),
        ("type", "homes.Another.v1"),
        ("stream", "need/another"),
        ("version", 99),
        ("topic", "yui.another.v1"),
        ("partition", 5),
        ("offset", 4711),
        ("correlation", "another"),
        ("causation", UUID(int=8)),
        ("recorded_at", datetime(2011, 8, 1, tzinfo=UTC)),
        ("booked_at", datetime(2011, 8, 1, tzinfo=UTC)),
        ("business_date", date(2011, 8, 1)),
        ("digest", bytes(32)),
        ("hash", bytes(32)),
    ],
)
async def test_a_link_that_was_altered_in_any_column_breaks_its_chain(
    ledger: Ledger, column: str, other: object
) -> None:
    home_id, log = new_opaque_id(), Log()
    log.write_all(envelopes(needed(home_id, 5, 6, 7)))
    await ledger.know(log)
    await ledger.hear(log.topics["yui.homes.v1"])
    links = await links_of(ledger, home_id)
    assert first_broken(links) is None
    links[1][column] = other
    assert first_broken(links) == 2


async def test_a_link_that_was_taken_away_or_added_breaks_its_chain(ledger: Ledger) -> None:
    home_id, log = new_opaque_id(), Log()
    log.write_all(envelopes(needed(home_id, 5, 6, 7)))
    await ledger.know(log)
    await ledger.hear(log.topics["yui.homes.v1"])
    first, second, third = await links_of(ledger, home_id)
    assert first_broken([first, third]) == 2
    assert first_broken([first, second, second, third]) == 3


async def test_booking_order_does_not_turn_round_with_a_clock_that_was_set_back(
    ledger: Ledger,
) -> None:
    home_id, log = new_opaque_id(), Log()
    log.write_all(envelopes(needed(home_id, 5, 6)))
    await ledger.know(log)
    await ledger.hear(log.topics["yui.homes.v1"][:1])
    ahead = (
        "UPDATE head SET booked_at = clock_timestamp() + '1 hour', business_date = '2999-01-01'"
    )
    await ledger.pool.execute(ahead)
    await ledger.hear(log.topics["yui.homes.v1"][1:])
    first, second = await links_of(ledger, home_id)
    assert second["booked_at"] > first["booked_at"] + timedelta(minutes=59)
    assert second["business_date"] == date(2999, 1, 1)
