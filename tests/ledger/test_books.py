"""Any order, any redelivery and any crash give the same books: the fold of the owners' events."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import date
from random import Random
from typing import ClassVar

import pytest

from services.rent_sponsorship.domain import RENT_AGREEMENT
from shared.commitments.commands import Agree, Command, Correct, Deliver, Promise, Withdraw
from shared.consuming.batch import Effect
from shared.consuming.record import StoredRecord
from shared.contracts.commitment import CommitmentFact
from shared.contracts.event import Event, Month, Movement, Place
from shared.contracts.homes import DeliveryConfirmed, NeedRestated
from shared.contracts.resources import RENT
from shared.ids import new_opaque_id
from shared.refusal import Refusal
from tests.ledger.books import Cells, Ledger, ledger_on
from tests.support.cells import cells
from tests.support.records import Log, envelopes
from tests.support.stack import MakeDatabase

MONTHS = ("2011-11", "2011-12", "2012-01")


@pytest.fixture
async def ledger(database: MakeDatabase) -> AsyncIterator[Ledger]:
    made = await database("ledger")
    async with ledger_on(made) as running:
        yield running


def moved(
    source: Place,
    target: Place,
    quantity: int,
    *,
    delivery_id: str | None = None,
    delivery_version: int | None = None,
) -> Movement:
    return Movement(
        resource=RENT,
        month="2012-01",
        moved_from=source,
        moved_to=target,
        quantity=quantity,
        delivery_id=delivery_id,
        delivery_version=delivery_version,
    )


def needed(home_id: str, *quantities: int) -> list[Event]:
    return [
        NeedRestated(home_id=home_id, required=(), movements=(moved("need", "open", quantity),))
        for quantity in quantities
    ]


def sponsored(home_id: str, random: Random, acts: int) -> list[CommitmentFact]:
    """What a sponsor might do with one agreement: whatever its rules allow."""
    decider = RENT_AGREEMENT.decider()
    identity = new_opaque_id()
    agree = Agree(
        commitment_id=identity,
        home_id=home_id,
        organisation_id=new_opaque_id(),
        resource=RENT,
        agreed_on=date(2011, 10, 1),
        notice_months=random.randrange(3),
        lapse_days=None,
        home_status="open",
    )
    events = list(decider.decide(agree, decider.initial))
    deliveries = [new_opaque_id() for _ in range(4)]
    for _ in range(acts):
        try:
            events += decider.decide(act(random, deliveries), decider.fold(events))
        except Refusal:
            continue
    return events


def act(random: Random, deliveries: Sequence[str]) -> Command:
    month, quantity = random.choice(MONTHS), random.randrange(1, 100)
    match random.randrange(8):
        case 0:
            return Withdraw(notice_on=date(2011, 11, 15))
        case 1 | 2:
            return Correct(delivery_id=random.choice(deliveries), quantity=quantity)
        case 3 | 4 | 5:
            beyond = random.randrange(quantity + 1)
            return Deliver(
                delivery_id=random.choice(deliveries),
                month=month,
                quantity=quantity,
                beyond_promise=beyond,
                gift=random.random() < 0.2,
            )
        case _:
            return Promise(
                from_month=month,
                through_month=MONTHS[-1],
                quantity=quantity,
                beyond_need=True,
                home_status="open",
            )


def standing(found: Cells) -> dict[tuple[str, Month, Place], int]:
    return {where: quantity for where, quantity in found.items() if quantity}


class Crash(Exception):
    """The process died before its transaction was committed."""


async def hear_with_faults(ledger: Ledger, log: Log, random: Random) -> None:
    """Feed every partition in random pieces, with crashes and a zombie that comes too late."""
    at = dict.fromkeys(log.topics, 0)
    while left := [topic for topic, records in log.topics.items() if at[topic] < len(records)]:
        chosen = random.sample(left, random.randint(1, len(left)))
        ends = {topic: at[topic] + random.randint(1, 5) for topic in chosen}
        batch = [r for topic in chosen for r in log.topics[topic][at[topic] : ends[topic]]]
        fault = random.random()
        if fault < 0.2:
            with pytest.raises(Crash):
                await crash(ledger, batch)
            continue
        await ledger.hear(batch)
        if fault > 0.8:
            late = await ledger.hear(batch)
            assert late.applied == []
            assert set(late.out_of_step) == {(topic, 0) for topic in chosen}
        at |= {topic: min(ends[topic], len(log.topics[topic])) for topic in chosen}


async def crash(ledger: Ledger, batch: Sequence[StoredRecord]) -> None:
    async with ledger.pool.acquire() as connection, connection.transaction():
        await ledger.batches.apply(connection, batch, guarded=False)
        raise Crash


@pytest.mark.parametrize("seed", range(6))
async def test_the_books_are_the_fold_of_the_owners_events(ledger: Ledger, seed: int) -> None:
    random = Random(seed)
    homes = [new_opaque_id() for _ in range(3)]
    events: dict[str, list[Event]] = {
        home_id: [*needed(home_id, 700, 300), *sponsored(home_id, random, 30)] for home_id in homes
    }
    stamped = [one for found in events.values() for one in envelopes(found)]
    repeated = random.sample(stamped, len(stamped) // 5)
    sent = [*stamped, *repeated]
    random.shuffle(sent)
    log = Log()
    log.write_all(sent)
    await ledger.know(log)

    await hear_with_faults(ledger, log, random)

    for home_id, found in events.items():
        assert standing(await ledger.cells(home_id)) == standing(cells(found))
    assert await ledger.pool.fetchval("SELECT count(*) FROM held") == 0
    assert await ledger.pool.fetchval("SELECT count(*) FROM parked") == 0
    links = await ledger.pool.fetchval("SELECT count(*) FROM link")
    assert links == sum(bool(event.movements) for found in events.values() for event in found)


async def test_shortfalls_stand_as_the_books_do_whatever_the_order(ledger: Ledger) -> None:
    random, home_id = Random(1), new_opaque_id()
    stamped = envelopes([*needed(home_id, 50, 50), *sponsored(home_id, random, 20)])
    random.shuffle(stamped)
    log = Log()
    log.write_all(stamped)
    await ledger.know(log)
    await hear_with_faults(ledger, log, random)
    rows = await ledger.pool.fetch("SELECT resource, month, open, announced FROM cell")
    assert rows
    assert all(row["announced"] == max(row["open"], 0) for row in rows)
    said = await ledger.pool.fetch(
        "SELECT convert_from(body, 'UTF8')::jsonb AS body, type FROM event ORDER BY position"
    )
    last = {}
    for row in said:
        body = json.loads(row["body"])
        last[body["resource"], body["month"]] = body.get("quantity", 0)
    assert {cell: quantity for cell, quantity in last.items() if quantity} == {
        (row["resource"], row["month"]): row["announced"] for row in rows if row["announced"]
    }


class Housed(Event):
    """A service that the ledger has never heard of."""

    owner: ClassVar[str] = "self_support"
    category: ClassVar[str] = "shelter"
    identity_field: ClassVar[str] = "home_id"
    key_field: ClassVar[str] = "home_id"

    home_id: str
    beds: int = 3


async def test_an_unknown_service_takes_part_by_its_movements_alone(ledger: Ledger) -> None:
    home_id, log = new_opaque_id(), Log()
    told = Housed(home_id=home_id, movements=(moved("need", "open", 40),))
    silent = Housed(home_id=home_id)
    log.write_all(envelopes([told, silent]))
    await ledger.know(log)
    effect = await ledger.hear(log.topics["yui.self_support.v1"])
    assert [outcome for _, outcome in effect.applied] == ["booked", "no_movement"]
    assert (await ledger.cells(home_id))[RENT, "2012-01", "open"] == 40


def confirmed(home_id: str, quantity: int, version: int) -> DeliveryConfirmed:
    return DeliveryConfirmed(
        home_id=home_id,
        delivery_id="d",
        delivery_version=version,
        quantity=quantity,
        confirmed=quantity,
        confirmed_by="h",
        movements=(
            moved("delivered", "confirmed", quantity, delivery_id="d", delivery_version=version),
        ),
    )


async def test_a_confirmation_ahead_of_its_delivery_is_no_discrepancy(ledger: Ledger) -> None:
    home_id, log = new_opaque_id(), Log()
    paid = Housed(home_id=home_id, movements=(moved("open", "delivered", 80, delivery_id="d"),))
    log.write_all(envelopes([confirmed(home_id, 80, 1)]))
    log.write_all(envelopes([paid]))
    await ledger.know(log)
    await ledger.hear(log.topics["yui.homes.v1"])
    assert await discrepancies(ledger) == []
    await ledger.hear(log.topics["yui.self_support.v1"])
    assert await discrepancies(ledger) == []


async def test_a_correction_that_races_a_confirmation_is_found_and_mended(ledger: Ledger) -> None:
    home_id, log = new_opaque_id(), Log()
    steps = [
        Housed(home_id=home_id, movements=(moved("open", "delivered", 80, delivery_id="d"),)),
        Housed(home_id=home_id, movements=(moved("delivered", "open", 30, delivery_id="d"),)),
        Housed(home_id=home_id, movements=(moved("open", "delivered", 30, delivery_id="d"),)),
    ]
    log.write_all(envelopes([confirmed(home_id, 80, 1)]))
    log.write_all(envelopes(steps))
    await ledger.know(log)
    await ledger.hear(log.topics["yui.homes.v1"])
    delivery, corrected, mended = log.topics["yui.self_support.v1"]
    await ledger.hear([delivery, corrected])
    assert await discrepancies(ledger) == ["ledger.DiscrepancyFound.v1"]
    await ledger.hear([mended])
    assert await discrepancies(ledger) == [
        "ledger.DiscrepancyFound.v1",
        "ledger.DiscrepancyMended.v1",
    ]


async def discrepancies(ledger: Ledger) -> list[str]:
    rows = await ledger.pool.fetch(
        "SELECT type FROM event WHERE type LIKE '%Discrepancy%' ORDER BY position"
    )
    return [row["type"] for row in rows]


async def test_movements_without_a_home_are_parked(ledger: Ledger) -> None:
    log = Log()
    [(event, stamp)] = envelopes([Housed(home_id="", movements=(moved("need", "open", 1),))])
    log.write(event, stamp)
    await ledger.know(log)
    effect: Effect = await ledger.hear(log.topics["yui.self_support.v1"])
    assert [parked.reason for parked in effect.parked] == ["breaks_contract"]
