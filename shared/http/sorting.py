"""In which order a list is told, where that may be asked: one field, either way, then an id.

The fields are a closed set of what never changes, so that no line moves while pages are read:
`sort: Literal["opens_on", "-opens_on"]`. Another word is refused with the words that are known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.http.pages import decode_cursor, encode_cursor
from shared.http.refusals import BrokenCursor


@dataclass(frozen=True, slots=True)
class Place:
    """After which line a page begins; none: it is the first."""

    field: str
    descending: bool
    value: str | None
    tie: str

    def of(self, places: Iterable[tuple[str, str]], limit: int) -> list[tuple[str, str]]:
        """A page of lines that are at hand whole, each known by its field and its id."""
        found = sorted(places, reverse=self.descending)
        if self.value is not None:
            after = self.value, self.tie
            found = [one for one in found if one != after and (one < after) == self.descending]
        return found[:limit]

    def next_cursor(self, items: Sequence[Mapping[str, Any]], limit: int, tie: str) -> str | None:
        """Where the list goes on, which no other order of it understands."""
        if len(items) < limit:
            return None
        last = items[-1]
        return encode_cursor(_asked(self), str(last[self.field]), str(last[tie]))


def place_in(sort: str, cursor: str | None) -> Place:
    """`-opens_on`: from the latest day on. A cursor of another order is refused."""
    first = Place(sort.removeprefix("-"), sort.startswith("-"), None, "")
    if cursor is None:
        return first
    order, value, tie = decode_cursor(cursor, ["", "", ""])
    if order != sort:
        raise BrokenCursor
    return Place(first.field, first.descending, value, tie)


def _asked(place: Place) -> str:
    return f"-{place.field}" if place.descending else place.field
