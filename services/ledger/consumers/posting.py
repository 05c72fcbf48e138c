"""One posting per batch: heads locked, links and entries added, cells moved, news published."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from asyncpg import Record

from services.ledger.consumers.double_funding import find_double_funding
from services.ledger.consumers.remembered import Proof, Remembered
from services.ledger.domain.conclusions import conclude
from services.ledger.domain.double_funding import funder
from services.ledger.domain.links import Link, link_hash
from services.ledger.domain.movements import Moved
from services.ledger.domain.posting import (
    PLACES,
    Cell,
    CellName,
    DeliveryAccount,
    DeliveryName,
    Entry,
    Posting,
)
from services.ledger.repository import posting as sql
from shared.business_date import BusinessDate
from shared.consuming.record import Received
from shared.contracts.ledger import LedgerEvent
from shared.envelope import Envelope
from shared.postgres import Connection, add_rows, columns
from shared.work import Cause, Work

STANDING: Final = ("open", "promised", "delivered", "confirmed")


class Booking(NamedTuple):
    """One event that moves something."""

    received: Received
    home_id: str
    movements: Sequence[Moved]


@dataclass(slots=True)
class Chain:
    """The head of a home's chain, locked, and moved on while a batch is booked."""

    home_id: str
    links: int
    hash: bytes | None
    booked_at: datetime
    business_date: date | None
    stream_version: int

    @property
    def proof(self) -> Proof:
        return self.hash, self.stream_version


@dataclass(frozen=True, slots=True)
class Moment:
    """When a batch is booked: by the database's clock, once every head is locked."""

    now: datetime
    today: date


async def post(
    work: Work, bookings: Sequence[Booking], business_date: BusinessDate, remembered: Remembered
) -> None:
    connection = work.connection
    chains = await lock_chains(connection, {booking.home_id for booking in bookings})
    known = {c.home_id: remembered.take(c.home_id, c.proof) for c in chains.values()}
    moved = [(booking.home_id, m) for booking in bookings for m in booking.movements]
    cells, moment = await _read_cells(connection, moved, known, business_date)
    posting = Posting(cells, await _read_deliveries(connection, moved))
    links: list[tuple[Any, ...]] = []
    entries: list[Entry] = []
    for chain in chains.values():
        _turn(chain, moment)
    for booking in bookings:
        chain = chains[booking.home_id]
        links.append(_link(chain, booking))
        version = booking.received.envelope.version
        by = funder(booking.received.record.topic)
        entries += posting.book(chain.home_id, chain.links, version, by, booking.movements)
    posting.close()
    await add_rows(connection, sql.LINK, "link", sql.LINK_COLUMNS, links)
    await add_rows(connection, sql.ENTER, "entry", sql.ENTRY_COLUMNS, entries)
    twice = await find_double_funding(connection, posting.cells.values())
    said = conclude(posting.cells.values(), posting.deliveries.values(), twice)
    _say(work, bookings, chains, said)
    await stand(connection, posting, chains.values())
    contributors = remembered.unknown(
        {(m.organisation_id, home_id) for home_id, m in moved if m.organisation_id is not None}
    )
    if contributors:
        await connection.execute(sql.CONTRIBUTE, *columns(contributors, 2))
    work.on_commit.append(lambda: _remember(remembered, chains, known, posting, contributors))


def _remember(
    remembered: Remembered,
    chains: Mapping[str, Chain],
    known: Mapping[str, dict[CellName, Cell]],
    posting: Posting,
    contributors: set[tuple[str, str]],
) -> None:
    for name, cell in posting.cells.items():
        cell.begin()
        known[cell.home_id][name] = cell
    for chain in chains.values():
        remembered.put(chain.home_id, chain.proof, known[chain.home_id])
    remembered.know(contributors)


# --- Reading what stands


async def lock_chains(connection: Connection, home_ids: Iterable[str]) -> Mapping[str, Chain]:
    homes = sorted(home_ids)
    rows = await connection.fetch(sql.LOCK_HEADS, homes)
    if len(rows) < len(homes):
        await connection.execute(sql.KNOW_HEADS, homes)
        rows = await connection.fetch(sql.LOCK_HEADS, homes)
    return {row["home_id"]: Chain(*row) for row in rows}


async def _read_cells(
    connection: Connection,
    moved: Iterable[tuple[str, Moved]],
    known: Mapping[str, Mapping[CellName, Cell]],
    business_date: BusinessDate,
) -> tuple[Mapping[CellName, Cell], Moment]:
    """The cells that are moved, and the moment. What is not remembered is asked for."""
    names = {(home_id, m.resource, m.month): None for home_id, m in moved}
    cells = {name: known[name[0]][name] for name in names if name in known[name[0]]}
    asked = [name for name in names if name not in cells]
    rows = await connection.fetch(sql.CELLS_OF, *columns(asked, 3))
    for row in rows if asked else ():
        cell = cell_of(row)
        cells[cell.home_id, cell.resource, cell.month] = cell
    now = rows[0]["now"]
    return cells, Moment(now, business_date.on(now, rows[0]["played"]))


def cell_of(row: Record) -> Cell:
    where, required = (row["home_id"], row["resource"], row["month"]), row["required"]
    if required is None:
        return Cell(*where, [0] * len(PLACES))
    places = [-required, *(row[place] for place in STANDING)]
    cell = Cell(*where, places, row["episode"], max(row["open"], 0), funders=row["funders"])
    cell.beyond_before = cell.beyond
    return cell


async def _read_deliveries(
    connection: Connection, moved: Iterable[tuple[str, Moved]]
) -> Mapping[DeliveryName, DeliveryAccount]:
    names = {(home_id, m.delivery_id): None for home_id, m in moved if m.delivery_id is not None}
    deliveries = {name: DeliveryAccount(*name) for name in names}
    if deliveries:
        for row in await connection.fetch(sql.DELIVERIES_OF, *columns(deliveries, 2)):
            deliveries[row["home_id"], row["delivery_id"]] = DeliveryAccount(*row)
    return deliveries


# --- Booking


def _turn(chain: Chain, moment: Moment) -> None:
    """A clock, or a calendar, that was set back must not turn booking order round."""
    chain.booked_at = max(moment.now, chain.booked_at)
    chain.business_date = max(moment.today, chain.business_date or moment.today)


def _link(chain: Chain, booking: Booking) -> tuple[Any, ...]:
    envelope, record = booking.received.envelope, booking.received.record
    assert chain.business_date is not None  # noqa: S101  it was turned
    chain.links += 1
    link = Link(
        chain.home_id,
        chain.links,
        envelope.event_id,
        envelope.type_name,
        envelope.stream,
        envelope.version,
        record.topic,
        record.partition,
        record.offset,
        envelope.correlation,
        envelope.causation,
        envelope.recorded_at,
        chain.booked_at,
        chain.business_date,
        sha256(booking.received.body).digest(),
    )
    chain.hash = link_hash(chain.hash, link)
    return (*link, chain.hash)


# --- Writing what stands now


async def stand(connection: Connection, posting: Posting, chains: Iterable[Chain]) -> None:
    cells = [
        (c.home_id, c.resource, c.month, *c.totals, c.announced, c.episode, c.funders)
        for c in posting.cells.values()
    ]
    deliveries = [
        (
            d.home_id,
            d.delivery_id,
            d.delivered,
            d.confirmed,
            d.owner_version,
            d.seen_version,
            d.excess,
            d.episode,
        )
        for d in posting.deliveries.values()
    ]
    heads = [
        (c.home_id, c.links, c.hash, c.booked_at, c.business_date, c.stream_version)
        for c in chains
    ]
    await connection.execute(
        sql.STAND, *columns(cells, 11), *columns(deliveries, 8), *columns(heads, 6)
    )


# --- Saying what is new


def _say(
    work: Work,
    bookings: Iterable[Booking],
    chains: Mapping[str, Chain],
    said: Iterable[LedgerEvent],
) -> None:
    """The ledger's own events, each caused by the last of the batch that touched its subject."""
    causes: Mapping[tuple[str, ...], Envelope] = {}
    for event in said:
        causes = causes or _causes(bookings)
        cause = causes[_subject(event)]
        work.cause = Cause(cause.correlation, cause.event_id, cause.traceparent)
        chain = chains[event.home_id]
        chain.stream_version += 1
        work.note(event, chain.stream_version)


def _causes(bookings: Iterable[Booking]) -> Mapping[tuple[str, ...], Envelope]:
    return {
        subject: booking.received.envelope
        for booking in bookings
        for movement in booking.movements
        for subject in _subjects(booking.home_id, movement)
    }


def _subjects(home_id: str, movement: Moved) -> Sequence[tuple[str, ...]]:
    cell = (home_id, movement.resource, movement.month)
    return [cell] if movement.delivery_id is None else [cell, (home_id, movement.delivery_id)]


def _subject(event: LedgerEvent) -> tuple[str, ...]:
    names = ("resource", "month", "delivery_id")
    parts = (event.home_id, *(getattr(event, name, None) for name in names))
    return tuple(part for part in parts if part is not None)
