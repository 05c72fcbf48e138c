"""What the event log reckons with: places in its partitions, and the order of a chain. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias, TypeVar
from uuid import UUID

from shared.refusal import Invalid

Partition: TypeAlias = tuple[str, int]
Places: TypeAlias = Mapping[Partition, int]
"""How far each partition has been read; one that is not named has not been read at all."""

CURSOR_LENGTH_MAX: Final = 16_384
CURSOR: Final = re.compile(r"(?:[A-Za-z0-9._-]+(?::\d{1,6}=\d{1,18})+(?:;(?=.)|\Z))*\Z")
ONE_PLACE: Final = re.compile(r":(\d+)=(\d+)")


class BrokenCursor(Invalid):
    """A cursor is used as it was given, or not at all."""

    japanese = "カーソルは、受け取ったままの形で使ってください。"


class CursorAhead(Invalid):
    """A cursor of another log, that has seen more than this one holds, leads nowhere."""

    japanese = "このログより先を見た、別のログのカーソルは使えません。"


# --- Where a reader stands


def write_places(places: Places) -> str:
    """Write the places as one line: `yui.homes.v1:0=17:3=4;yui.ledger.v1:2=9`."""
    topics: dict[str, list[str]] = defaultdict(list)
    for (topic, number), place in sorted(places.items()):
        topics[topic].append(f":{number}={place}")
    return ";".join(topic + "".join(found) for topic, found in topics.items())


def read_places(text: str) -> dict[Partition, int]:
    """Read what `write_places` wrote; raises `BrokenCursor`."""
    if len(text) > CURSOR_LENGTH_MAX or not CURSOR.fullmatch(text):
        raise BrokenCursor
    return {
        (part.partition(":")[0], int(number)): int(place)
        for part in filter(None, text.split(";"))
        for number, place in ONE_PLACE.findall(part)
    }


def refuse_ahead(seen: Places, heads: Places) -> None:
    if any(place > heads.get(partition, 0) for partition, place in seen.items()):
        raise CursorAhead


# --- What to read next


@dataclass(frozen=True, slots=True)
class Window:
    """A run of places of one partition."""

    partition: Partition
    after: int
    through: int


def waiting(seen: Places, heads: Places) -> list[Window]:
    """Everything that has not been read."""
    return [
        Window(partition, seen.get(partition, 0), place)
        for partition, place in sorted(heads.items())
        if place > seen.get(partition, 0)
    ]


def windows(seen: Places, heads: Places, events_max: int) -> list[Window]:
    """What to read next, a share of each partition that has moved on.

    Together at most `events_max` events, or one of each partition where that is more.
    """
    moved = waiting(seen, heads)
    found = []
    left = events_max
    for index, window in enumerate(moved):
        share = max(1, left // (len(moved) - index))
        through = min(window.through, window.after + share)
        left -= through - window.after
        found.append(replace(window, through=through))
    return found


# --- Causes and effects


class Caused(Protocol):
    @property
    def event_id(self) -> UUID: ...
    @property
    def causation(self) -> UUID | None: ...


C = TypeVar("C", bound=Caused)


def in_order_of_cause(events: Sequence[C]) -> Iterator[tuple[int, C]]:
    """Each event with its depth, right after its cause or its cause's other effects.

    What is caused by no event among these stands at the root, in the order given.
    """
    known = {event.event_id for event in events}
    effects: dict[UUID | None, list[C]] = defaultdict(list)
    for event in events:
        effects[event.causation if event.causation in known else None].append(event)
    told: set[UUID] = set()
    # Two events that claim to cause each other have no root: they come last.
    for root in (*effects[None], *events):
        unfinished = [(0, root)]
        while unfinished:
            depth, event = unfinished.pop()
            if event.event_id in told:
                continue
            told.add(event.event_id)
            yield depth, event
            following = reversed(effects[event.event_id])
            unfinished += ((depth + 1, effect) for effect in following)
