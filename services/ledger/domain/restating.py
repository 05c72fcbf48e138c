"""Why what was known of a month has changed: a word for each entry, from contracts alone. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from services.ledger.domain.movements import Place
from shared.calendar import last_day
from shared.contracts.event import Month
from shared.contracts.registry import EVENTS_BY_TYPE

RETROACTIVE: Final = frozenset({"need", "price", "count"})
LATE: Final = frozenset({"delivery", "correction"})

BY_MOVEMENT: Final[Mapping[tuple[Place, Place], str]] = {
    ("need", "open"): "need",
    ("open", "need"): "need",
    ("open", "promised"): "promise",
    ("promised", "open"): "promise",
    ("open", "delivered"): "delivery",
    ("promised", "delivered"): "delivery",
    ("delivered", "open"): "correction",
    ("delivered", "promised"): "correction",
    ("delivered", "confirmed"): "confirmation",
    ("confirmed", "delivered"): "confirmation_taken_back",
}
"""Of a service that no contract here tells of."""


def is_late(booked_on: date, month: Month) -> bool:
    """Whether a month had ended when something was booked for it."""
    return booked_on > last_day(month)


def kind(
    moved_from: Place, moved_to: Place, event_type: str, cause_type: str | None, *, late: bool
) -> str:
    """What an entry is, as a report's reader would say it: a retroactive price, a late delivery.

    A need changes because of what brought it about; all else is what its event says.
    """
    change = _change(event_type) or BY_MOVEMENT.get((moved_from, moved_to), "other")
    if change == "need":
        change = _change(cause_type) or change
    if late and change in RETROACTIVE:
        return f"retroactive_{change}"
    return f"late_{change}" if late and change in LATE else change


def _change(type_name: str | None) -> str:
    event = EVENTS_BY_TYPE.get(type_name or "")
    return "" if event is None else event.change
