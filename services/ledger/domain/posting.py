"""How movements are booked: each cell's running totals, and what is to be said of it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from services.ledger.domain.movements import Moved, Place

CellName: TypeAlias = tuple[str, str, str]
"""Home, resource and month."""
DeliveryName: TypeAlias = tuple[str, str]
"""Home and delivery."""
Totals: TypeAlias = tuple[int, int, int, int, int]
"""Required, open, promised, delivered, confirmed."""
Entry: TypeAlias = tuple[str | int | None, ...]
"""An entry as it is written: its movement, then the totals of its cell with it."""

PLACES: Final[Mapping[Place, int]] = {
    "need": 0,
    "open": 1,
    "promised": 2,
    "delivered": 3,
    "confirmed": 4,
}
ARRIVED: Final = PLACES["delivered"]
"""From this place on, units have arrived."""


@dataclass(slots=True)
class Cell:
    """One home, resource and month, while a batch is booked."""

    home_id: str
    resource: str
    month: str
    places: list[int]
    """How much is in each place; what is needed counts below zero."""
    episode: int = 0
    """Of its shortfall: the present one, or the last."""
    announced_before: int = 0
    beyond_before: int = 0
    funders: int = 0
    """Who has ever delivered to it: public support, a sponsor, or both."""

    @property
    def totals(self) -> Totals:
        need, opened, promised, delivered, confirmed = self.places
        return -need, opened, promised, delivered, confirmed

    @property
    def announced(self) -> int:
        """The units that stand open, as the ledger says now."""
        return max(self.places[1], 0)

    @property
    def beyond(self) -> int:
        """By how much what has arrived exceeds what is required: so far the rest is below zero."""
        return max(-self.places[1] - self.places[2], 0)

    def close(self) -> None:
        """End the batch: a shortfall begins where there was none."""
        if self.announced and not self.announced_before:
            self.episode += 1

    def begin(self) -> None:
        """Begin the next batch: what was concluded has been said."""
        self.announced_before = self.announced
        self.beyond_before = self.beyond


@dataclass(slots=True)
class DeliveryAccount:
    """One delivery, between who delivered and who confirmed, while a batch is booked."""

    home_id: str
    delivery_id: str
    delivered: int = 0
    confirmed: int = 0
    owner_version: int = 0
    seen_version: int = 0
    episode: int = 0
    excess_before: int = 0

    @property
    def excess(self) -> int:
        """By how much confirmations exceed it, once the version that the home saw is booked."""
        return max(-self.delivered, 0) if self.owner_version >= self.seen_version else 0

    def close(self) -> None:
        if self.excess and not self.excess_before:
            self.episode += 1


@dataclass(frozen=True, slots=True)
class Posting:
    """Cells and deliveries of a batch as they stood, booked on in place."""

    cells: Mapping[CellName, Cell]
    """Those that the batch touches, and no others."""
    deliveries: Mapping[DeliveryName, DeliveryAccount]

    def book(
        self, home_id: str, number: int, version: int, funder: int, movements: Sequence[Moved]
    ) -> Iterable[Entry]:
        """Move what an event moves, and yield an entry for each movement.

        `number` is its link's in the home's chain, `version` the event's in its own stream,
        `funder` who delivers where it delivers something.
        """
        for position, moved in enumerate(movements, start=1):
            cell = self.cells[home_id, moved.resource, moved.month]
            places, quantity = cell.places, moved.quantity
            source, target = PLACES[moved.moved_from], PLACES[moved.moved_to]
            places[source] -= quantity
            places[target] += quantity
            if source < ARRIVED <= target:
                cell.funders |= funder
            if moved.delivery_id is not None:
                self._deliver(self.deliveries[home_id, moved.delivery_id], version, moved)
            yield (
                home_id,
                number,
                position,
                moved.resource,
                moved.month,
                moved.moved_from,
                moved.moved_to,
                quantity,
                moved.organisation_id,
                moved.commitment_id,
                moved.delivery_id,
                moved.delivery_version,
                *cell.totals,
            )

    def _deliver(self, account: DeliveryAccount, version: int, moved: Moved) -> None:
        account.delivered += _net(moved, "delivered")
        account.confirmed += _net(moved, "confirmed")
        if moved.delivery_version is None:
            account.owner_version = max(account.owner_version, version)
        else:
            account.seen_version = max(account.seen_version, moved.delivery_version)

    def close(self) -> None:
        """End the batch, once all of it is booked."""
        for cell in self.cells.values():
            cell.close()
        for account in self.deliveries.values():
            account.close()


def _net(moved: Moved, place: Place) -> int:
    return moved.quantity * ((moved.moved_to == place) - (moved.moved_from == place))
