"""Kafka to the books: a batch of events, one posting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from uuid import UUID

import asyncpg
import msgspec

from services.ledger import repository as sql
from services.ledger.domain import READ, Cell, DeliveryAccount, Moved, conclude
from shared.business_date import BusinessDate
from shared.consuming.applying import Outcome, Reactions
from shared.consuming.record import Received
from shared.contracts.homes import BusinessDateAdvanced
from shared.contracts.ledger import LedgerEvent
from shared.contracts.organisations import TOPIC as REGISTER
from shared.envelope import Unreadable
from shared.postgres import Connection
from shared.work import Cause, Work

NO_MOVEMENT: Outcome = "no_movement"


@dataclass(frozen=True, slots=True)
class Booking:
    """One event that moves something, and where in its home's chain it stands."""

    received: Received
    home_id: str
    number: int
    booked_at: datetime
    movements: Sequence[Moved]


class Books:
    """Reads of every event its movements, and of the register's who may ask."""

    def __init__(self, business_date: BusinessDate, reactions: Reactions) -> None:
        self._business_date = business_date
        self._reactions = reactions

    def check(self, received: Received) -> None:
        movements = _movements(received)
        if movements and not _home(received):
            raise Unreadable("movements need the home as the record's key")
        if _is_told(received):
            self._reactions.check(received)

    async def apply(self, work: Work, batch: Sequence[Received]) -> Mapping[UUID, Outcome]:
        outcomes = dict.fromkeys((r.envelope.event_id for r in batch), NO_MOVEMENT)
        told = [received for received in batch if _is_told(received)]
        outcomes |= await self._reactions.apply(work, told)
        moving = [(r, movements) for r in batch if (movements := _movements(r))]
        if moving:
            await self._post(work, moving)
        outcomes |= {received.envelope.event_id: "booked" for received, _ in moving}
        return outcomes

    async def _post(self, work: Work, moving: Sequence[tuple[Received, Sequence[Moved]]]) -> None:
        connection = work.connection
        homes = sorted({_home(received) for received, _ in moving})
        heads = await _lock_heads(connection, homes)
        bookings = list(_numbered(moving, heads))
        await _link(connection, bookings, await self._business_date.today(connection))
        cells = await _post_cells(connection, bookings)
        deliveries = await _post_deliveries(connection, bookings)
        await _publish(work, bookings, heads, list(conclude(cells, deliveries)))


def _movements(received: Received) -> Sequence[Moved]:
    try:
        return READ.decode(received.body).movements
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error


def _home(received: Received) -> str:
    try:
        return (received.record.key or b"").decode()
    except UnicodeDecodeError as error:
        raise Unreadable("the key is not UTF-8") from error


def _is_told(received: Received) -> bool:
    """Whether an event is told to the ledger itself, not to its books."""
    played = received.envelope.type_name == BusinessDateAdvanced.type_name()
    return played or received.record.topic == REGISTER


async def _lock_heads(
    connection: Connection, homes: Sequence[str]
) -> Mapping[str, asyncpg.Record]:
    rows = await connection.fetch(sql.LOCK_HEADS, homes)
    if len(rows) < len(homes):
        await connection.execute(sql.KNOW_HEADS, homes)
        rows = await connection.fetch(sql.LOCK_HEADS, homes)
    return {row["home_id"]: row for row in rows}


def _numbered(
    moving: Sequence[tuple[Received, Sequence[Moved]]], heads: Mapping[str, asyncpg.Record]
) -> Sequence[Booking]:
    numbers = {home_id: head["number"] for home_id, head in heads.items()}
    bookings = []
    for received, movements in moving:
        home_id = _home(received)
        numbers[home_id] += 1
        head = heads[home_id]
        # A clock that was set back must not turn booking order round.
        booked_at = max(head["now"], head["booked_at"])
        bookings.append(Booking(received, home_id, numbers[home_id], booked_at, movements))
    return bookings


async def _link(connection: Connection, bookings: Sequence[Booking], business_date: date) -> None:
    envelopes = [booking.received.envelope for booking in bookings]
    records = [booking.received.record for booking in bookings]
    await connection.execute(
        sql.LINK,
        [booking.home_id for booking in bookings],
        [booking.number for booking in bookings],
        [e.event_id for e in envelopes],
        [e.type_name for e in envelopes],
        [e.stream for e in envelopes],
        [e.version for e in envelopes],
        [r.topic for r in records],
        [r.partition for r in records],
        [r.offset for r in records],
        [e.correlation for e in envelopes],
        [e.causation for e in envelopes],
        [e.recorded_at for e in envelopes],
        [booking.booked_at for booking in bookings],
        business_date,
    )


async def _post_cells(connection: Connection, bookings: Sequence[Booking]) -> Sequence[Cell]:
    rows = [(b, place, m) for b in bookings for place, m in enumerate(b.movements, start=1)]
    posted = await connection.fetch(
        sql.POST_CELLS,
        [b.home_id for b, _, _ in rows],
        [b.number for b, _, _ in rows],
        [place for _, place, _ in rows],
        [m.resource for _, _, m in rows],
        [m.month for _, _, m in rows],
        [m.moved_from for _, _, m in rows],
        [m.moved_to for _, _, m in rows],
        [m.quantity for _, _, m in rows],
        [m.organisation_id for _, _, m in rows],
        [m.commitment_id for _, _, m in rows],
        [m.delivery_id for _, _, m in rows],
        [m.delivery_version for _, _, m in rows],
    )
    return [Cell(**row) for row in posted]


async def _post_deliveries(
    connection: Connection, bookings: Sequence[Booking]
) -> Sequence[DeliveryAccount]:
    rows = [(b, m) for b in bookings for m in b.movements if m.delivery_id is not None]
    if not rows:
        return []
    posted = await connection.fetch(
        sql.POST_DELIVERIES,
        [b.home_id for b, _ in rows],
        [m.delivery_id for _, m in rows],
        [_net(m, "delivered") for _, m in rows],
        [_net(m, "confirmed") for _, m in rows],
        [b.received.envelope.version if m.delivery_version is None else 0 for b, m in rows],
        [m.delivery_version or 0 for _, m in rows],
    )
    return [DeliveryAccount(**row) for row in posted]


def _net(moved: Moved, place: str) -> int:
    return moved.quantity * ((moved.moved_to == place) - (moved.moved_from == place))


async def _publish(
    work: Work,
    bookings: Sequence[Booking],
    heads: Mapping[str, asyncpg.Record],
    said: Sequence[LedgerEvent],
) -> None:
    """The ledger's own events, each caused by the last of the batch that touched its subject."""
    if not said:
        return
    causes = {
        subject: booking.received.envelope
        for booking in bookings
        for movement in booking.movements
        for subject in _subjects(booking.home_id, movement)
    }
    versions: dict[str, int] = {}
    for event in said:
        cause = causes[_subject(event)]
        work.cause = Cause(cause.correlation, cause.event_id, cause.traceparent)
        version = versions.get(event.home_id, heads[event.home_id]["stream_version"]) + 1
        versions[event.home_id] = version
        work.note(event, version)
    await work.connection.execute(
        sql.MOVE_STREAM_VERSIONS, list(versions), list(versions.values())
    )


def _subjects(home_id: str, movement: Moved) -> Sequence[tuple[str, ...]]:
    cell = (home_id, movement.resource, movement.month)
    return [cell] if movement.delivery_id is None else [cell, (home_id, movement.delivery_id)]


def _subject(event: LedgerEvent) -> tuple[str, ...]:
    names = ("resource", "month", "delivery_id")
    parts = chain([event.home_id], (getattr(event, name, None) for name in names))
    return tuple(part for part in parts if part is not None)
