"""What a service does with events it hears; the runtime calls it, in its own transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias
from uuid import UUID

from pydantic import ValidationError

from shared.consuming.record import Received
from shared.contracts.event import Event
from shared.contracts.registry import EVENTS_BY_TYPE
from shared.envelope import Envelope, Unreadable
from shared.work import Cause, Work

Outcome: TypeAlias = Literal["booked", "no_movement", "applied", "ignored", "discarded"]


class Applier(Protocol):
    """The effects of a batch. It may raise: then nothing of the batch has happened."""

    def check(self, received: Received) -> None:
        """Raise `Unreadable` where the body breaks its contract."""

    async def apply(self, work: Work, batch: Sequence[Received]) -> Mapping[UUID, Outcome]:
        """Do it all in `work`'s transaction, and say what became of each event."""


Reaction: TypeAlias = Callable[[Work, Any, Envelope], Awaitable[None]]
Conclusion: TypeAlias = Callable[[Work, Sequence[Received]], Awaitable[None]]
"""What follows from all of a batch together, once each of its events has been answered."""


class Reactions:
    """One reaction per type of event, in order; a type that nobody reacts to is ignored.

    A reaction is found by the event's class or one of its bases, so that what all partners share
    is answered once.
    """

    def __init__(
        self, reactions: Mapping[type[Event], Reaction], conclude: Conclusion | None = None
    ) -> None:
        self._reactions = reactions
        self._conclude = conclude

    def check(self, received: Received) -> None:
        self._read(received)

    async def apply(self, work: Work, batch: Sequence[Received]) -> Mapping[UUID, Outcome]:
        outcomes: dict[UUID, Outcome] = {}
        for received in batch:
            envelope = received.envelope
            event = self._read(received)
            reaction = None if event is None else self._reaction_to(type(event))
            if reaction is not None:
                work.cause = Cause(envelope.correlation, envelope.event_id, envelope.traceparent)
                await reaction(work, event, envelope)
            outcomes[envelope.event_id] = "ignored" if reaction is None else "applied"
        if self._conclude is not None:
            await self._conclude(work, batch)
        return outcomes

    def _reaction_to(self, event_type: type[Event]) -> Reaction | None:
        for base in event_type.__mro__:
            if base in self._reactions:
                return self._reactions[base]
        return None

    def _read(self, received: Received) -> Event | None:
        """None where the type is not known here: its stream goes on all the same."""
        event_type = EVENTS_BY_TYPE.get(received.envelope.type_name)
        if event_type is None or self._reaction_to(event_type) is None:
            return None
        try:
            return event_type.model_validate_json(received.body)
        except ValidationError as error:
            raise Unreadable(str(error.errors(include_input=False, include_url=False))) from error
