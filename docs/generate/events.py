"""One table of all events."""

from typing import Final

from shared.contracts.event import Event
from shared.contracts.registry import OWNERS

OPENING: Final = """\
# Events

Generated from `shared/contracts/` by `make golden`; a test holds the two together. What travels
beside each event is in `shared/envelope.py`, the whole of it for machines in `asyncapi.json`.

The header names the type as `<owner>.<type>`; the topic is `yui.<owner>.v1`. A stream has one
key for its whole life; where it touches a home, that is the home. What moves is what the ledger
books: units of one resource, home and month that change their place.
"""
COLUMNS: Final = (
    "| owner | type | stream | key | what moves | what it says |\n|---|---|---|---|---|---|"
)


def page() -> str:
    rows = [_row(event) for owner in OWNERS for event in owner.EVENTS]
    count = f"{len(rows)} events of {len(OWNERS)} services.\n"
    return "\n".join([OPENING, count, COLUMNS, *rows, ""])


def _row(event: type[Event]) -> str:
    cells = (
        f"`{event.owner}`",
        f"`{event.__name__}.v{event.type_version}`",
        f"`{event.category}/<{event.identity_field}>`",
        f"`{event.key_field}`",
        event.moves,
        " ".join((event.__doc__ or "").split()).replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |"
