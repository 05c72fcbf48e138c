"""What of a batch is told to the ledger itself, and what is booked."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from services.ledger.consumers.posting import Booking, post
from services.ledger.consumers.remembered import Remembered
from services.ledger.domain.movements import read_movements
from services.ledger.repository import posting as sql
from shared.business_date import BusinessDate
from shared.consuming.applying import Outcome, Reactions
from shared.consuming.record import Received
from shared.contracts.homes import BusinessDateAdvanced
from shared.contracts.organisations import TOPIC as REGISTER
from shared.envelope import Envelope, Unreadable
from shared.postgres import Connection, columns
from shared.work import Work

NO_MOVEMENT: Outcome = "no_movement"
BOOKED: Outcome = "booked"
PLAYED = BusinessDateAdvanced.type_name()


class Books:
    """Reads of every event its movements, and of the register's who may ask."""

    def __init__(self, business_date: BusinessDate, reactions: Reactions) -> None:
        self._business_date = business_date
        self._reactions = reactions
        self._remembered = Remembered()

    def forget(self) -> None:
        """What was booked last is to be read again."""
        self._remembered.forget()

    def check(self, received: Received) -> None:
        received.content = booking = _booking(received)
        if booking is not None and not booking.home_id:
            raise Unreadable("movements need the home as the record's key")
        if _is_told(received):
            self._reactions.check(received)

    async def apply(self, work: Work, batch: Sequence[Received]) -> Mapping[UUID, Outcome]:
        told = [received for received in batch if _is_told(received)]
        reacted = await self._reactions.apply(work, told) if told else {}
        outcomes: dict[UUID, Outcome] = {}
        bookings, unmoved = [], []
        for received in batch:
            event_id = received.envelope.event_id
            booking = received.content or _booking(received)
            if booking is not None:
                bookings.append(booking)
                outcomes[event_id] = BOOKED
            else:
                outcomes[event_id] = reacted.get(event_id, NO_MOVEMENT)
                if received.record.topic != REGISTER:
                    unmoved.append(received.envelope)
        await _note(work.connection, unmoved)
        if bookings:
            await post(work, bookings, self._business_date, self._remembered)
        return outcomes


async def _note(connection: Connection, unmoved: Sequence[Envelope]) -> None:
    if unmoved:
        rows = [(e.event_id, e.type_name, e.recorded_at) for e in unmoved]
        await connection.execute(sql.NOTE_UNMOVED, *columns(rows, 3))


def _booking(received: Received) -> Booking | None:
    try:
        movements = read_movements(received.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error
    return Booking(received, _home(received), movements) if movements else None


def _home(received: Received) -> str:
    try:
        return (received.record.key or b"").decode()
    except UnicodeDecodeError as error:
        raise Unreadable("the key is not UTF-8") from error


def _is_told(received: Received) -> bool:
    """Whether an event is told to the ledger itself, not to its books."""
    return received.record.topic == REGISTER or received.envelope.type_name == PLAYED
