"""What one of the processes is told that read Kafka for a second ledger."""

from typing import Final
from uuid import UUID

from pydantic import BaseModel

HOPELESS: Final = 3
"""How such a process ends where another try would end the same."""


class Decision(BaseModel):
    """What an operator has decided about a record that could not be applied."""

    topic: str
    partition: int
    offset: int
    event_id: UUID | None
    discarded: bool
    """Else it was applied after all."""


class Order(BaseModel):
    database_url: str
    bootstrap: str
    simulated: bool
    ends: list[tuple[str, int, int]]
    """Topic, partition, and the offset to stop before: no other process reads these homes."""
    decisions: list[Decision]
    set_aside: list[UUID]
    """Events that the first ledger has not applied, though they perhaps could be now."""
