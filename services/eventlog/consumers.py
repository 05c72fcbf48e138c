"""Kafka to the log: a batch of events, one statement."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from services.eventlog import repository as sql
from shared.consuming.applying import Outcome, Reactions
from shared.consuming.record import Received
from shared.contracts.homes import BusinessDateAdvanced
from shared.contracts.organisations import TOPIC as REGISTER
from shared.work import Work

APPLIED: Final[Outcome] = "applied"


class Touching(msgspec.Struct, frozen=True):
    """What tells of any event, known or not, whether it touches a home."""

    home_id: str | None = None
    movements: list[msgspec.Raw] = []


READ: Final = msgspec.json.Decoder(Touching)


class Log:
    """Keeps every event, also of a type or with a body that nobody can read."""

    def __init__(self, reactions: Reactions) -> None:
        self._reactions = reactions

    def check(self, received: Received) -> None:
        if _is_told(received):
            self._reactions.check(received)

    async def apply(self, work: Work, batch: Sequence[Received]) -> Mapping[UUID, Outcome]:
        await self._reactions.apply(work, [one for one in batch if _is_told(one)])
        envelopes = [received.envelope for received in batch]
        records = [received.record for received in batch]
        await work.connection.execute(
            sql.LOG,
            [r.topic for r in records],
            [r.partition for r in records],
            [r.offset for r in records],
            [e.event_id for e in envelopes],
            [e.stream for e in envelopes],
            [e.version for e in envelopes],
            [key_of(received) for received in batch],
            [home_of(received) for received in batch],
            [e.type_name for e in envelopes],
            [e.source for e in envelopes],
            [e.recorded_at for e in envelopes],
            [e.correlation for e in envelopes],
            [e.causation for e in envelopes],
            [e.traceparent for e in envelopes],
            [received.body for received in batch],
        )
        return dict.fromkeys((e.event_id for e in envelopes), APPLIED)


def key_of(received: Received) -> str | None:
    """The record's key as text; bytes that are none, and a null character, are spelled out."""
    key = received.record.key
    if key is None:
        return None
    return key.decode(errors="backslashreplace").replace("\x00", "\\x00")


def home_of(received: Received) -> str | None:
    """The home whose parties may read the event: its key, where its body touches a home."""
    try:
        touching = READ.decode(received.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    touches = touching.home_id is not None or touching.movements
    return key_of(received) if touches else None


def _is_told(received: Received) -> bool:
    """Whether an event is told to the log itself too: who may read, and which day it is."""
    played = received.envelope.type_name == BusinessDateAdvanced.type_name()
    return played or received.record.topic == REGISTER
