"""What the event log answers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from shared.http.answers import Page, Told


class EventTold(Told):
    """An event: its envelope, where it lies in Kafka, and the fact itself."""

    event_id: UUID
    type: str
    stream: str
    version: int
    home_id: str | None
    recorded_at: datetime
    correlation: str
    """The request that it follows from."""
    causation: UUID | None
    """The event that it answers."""
    source: str
    topic: str
    partition: int
    offset: int
    key: str | None
    traceparent: str | None
    logged_at: datetime
    body: Any


class EventWholly(EventTold):
    """An event with what led to it from the root down, and what answered it directly."""

    causes: list[EventTold]
    effects: list[EventTold]
    withheld: int
    """How many more there are, of homes that the caller may not read."""


class EventInChain(EventTold):
    depth: int
    """How many causes stand above it."""


class ChainTold(Told):
    """Everything that followed from the same request, each event under its cause."""

    event_id: UUID
    correlation: str
    is_complete: bool
    withheld: int
    items: list[EventInChain]


class GapTold(Told):
    topic: str
    from_version: int
    through_version: int


class HeldTold(Told):
    topic: str
    version: int
    held_at: datetime


class StreamPage(Page[EventTold]):
    """A stream's events in order, with the versions that are missing, or wait."""

    gaps: list[GapTold]
    held: list[HeldTold]
