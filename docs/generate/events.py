"""One table of all events."""

from types import ModuleType
from typing import Final

from shared.contracts.event import Event
from shared.contracts.registry import OWNERS

OPENING: Final = """\
# Events

Generated from `shared/contracts/` by `make golden`; a test holds the two together. What travels
beside each event is in `shared/envelope.py`, the whole of it for machines in `asyncapi.json`.

The type of an event is `<owner>.<event>.v<version>`, its topic `yui.<owner>.v1`. A stream has one
key for its whole life; where it touches a home, that is the home. What moves is what the ledger
books: units of one resource, home and month that change their place.
"""
COLUMNS: Final = "| event | stream | key | what moves | what it says |\n|---|---|---|---|---|"


def page() -> str:
    count = sum(len(owner.EVENTS) for owner in OWNERS)
    said = f"{count} events of {len(OWNERS)} services.\n"
    return "\n".join([OPENING, said, *(_section(owner) for owner in OWNERS)])


def _section(owner: ModuleType) -> str:
    rows = [_row(event) for event in owner.EVENTS]
    return "\n".join(
        [f"## {owner.OWNER}\n", (owner.__doc__ or "").strip(), "", COLUMNS, *rows, ""]
    )


def _row(event: type[Event]) -> str:
    version = "" if event.type_version == 1 else f" v{event.type_version}"
    cells = (
        f"`{event.__name__}`{version}",
        f"`{event.category}/<{event.identity_field}>`",
        f"`{event.key_field}`",
        event.moves,
        " ".join((event.__doc__ or "").split()).replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |"
