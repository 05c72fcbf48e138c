"""What the ledger has said and its books do not say: gone on from what was said. Pure.

After its database was put back, the ledger's recalled events tell of books that are still to come.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from services.ledger.domain.double_funding import DoubleFunding
from services.ledger.domain.posting import Cell, CellName, DeliveryAccount, DeliveryName
from shared.contracts.event import Event
from shared.contracts.ledger import (
    DiscrepancyFound,
    DiscrepancyMended,
    DoubleFundingFound,
    DoubleFundingMended,
    ShortfallChanged,
    ShortfallClosed,
    ShortfallOpened,
)


class Word(NamedTuple):
    """The last that was said of a cell or a delivery: its episode, and what stands in it."""

    episode: int = 0
    stands: int = 0


@dataclass(slots=True)
class LastWords:
    shortfalls: dict[CellName, Word] = field(default_factory=dict)
    discrepancies: dict[DeliveryName, Word] = field(default_factory=dict)
    double_funding: dict[CellName, Word] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        match event:
            case ShortfallOpened() | ShortfallChanged():
                name = event.home_id, event.resource, event.month
                self.shortfalls[name] = Word(event.episode, event.quantity)
            case ShortfallClosed():
                name = event.home_id, event.resource, event.month
                self.shortfalls[name] = Word(event.episode)
            case DiscrepancyFound():
                delivery = event.home_id, event.delivery_id
                self.discrepancies[delivery] = Word(event.episode, event.excess)
            case DiscrepancyMended():
                self.discrepancies[event.home_id, event.delivery_id] = Word(event.episode)
            case DoubleFundingFound():
                name = event.home_id, event.resource, event.month
                self.double_funding[name] = Word(event.episode, event.excess)
            case DoubleFundingMended():
                name = event.home_id, event.resource, event.month
                self.double_funding[name] = Word(event.episode)
            case _:
                pass  # whatever else the ledger says belongs to no episode


def correct_cells(cells: Iterable[Cell], said: Mapping[CellName, Word]) -> None:
    """Let each shortfall go on from the last word on it."""
    for cell in cells:
        name = cell.home_id, cell.resource, cell.month
        cell.episode, cell.announced_before = said.get(name, Word())
        cell.close()


def correct_deliveries(
    deliveries: Iterable[DeliveryAccount], said: Mapping[DeliveryName, Word]
) -> None:
    """Let each discrepancy go on from the last word on it."""
    for delivery in deliveries:
        name = delivery.home_id, delivery.delivery_id
        delivery.episode, delivery.excess_before = said.get(name, Word())
        delivery.close()


def correct_double_funding(
    standing: Iterable[DoubleFunding], said: Mapping[CellName, Word]
) -> None:
    """Let what stands funded twice go on from the last word on it."""
    for twice in standing:
        name = twice.home_id, twice.resource, twice.month
        twice.episode, twice.excess_before = said.get(name, Word())
        twice.close()
