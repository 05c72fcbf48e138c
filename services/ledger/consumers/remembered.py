"""What this process has booked last, so that it need not be read again before the next batch."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final, TypeAlias

from services.ledger.domain.posting import Cell, CellName

Proof: TypeAlias = tuple[bytes | None, int]
"""A head's hash, and how many events the ledger has published for the home."""

CELLS_MAX: Final = 100_000
CONTRIBUTORS_MAX: Final = 100_000


class Remembered:
    """Cells as they stood with a home's head, and who is known to stand in which books.

    The head's hash proves that nobody has booked for the home since, its count of events that
    nobody has said anything. Cells are booked on in place, so they are taken out, and put back
    once that is committed; after a fault they are gone.
    """

    def __init__(self) -> None:
        self._homes: OrderedDict[str, tuple[Proof, dict[CellName, Cell]]] = OrderedDict()
        self._cells = 0
        self._contributors: set[tuple[str, str]] = set()

    def take(self, home_id: str, proof: Proof) -> dict[CellName, Cell]:
        """The home's cells that are known, if its head is as it was when they stood so."""
        known, cells = self._homes.pop(home_id, (None, {}))
        self._cells -= len(cells)
        return cells if known == proof else {}

    def put(self, home_id: str, proof: Proof, cells: dict[CellName, Cell]) -> None:
        self._homes[home_id] = proof, cells
        self._cells += len(cells)
        while self._cells > CELLS_MAX:
            _, (_, forgotten) = self._homes.popitem(last=False)
            self._cells -= len(forgotten)

    def unknown(self, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        return {pair for pair in pairs if pair not in self._contributors}

    def forget(self) -> None:
        """The database was put back, perhaps: who is known may not stand there."""
        self._homes.clear()
        self._cells = 0
        self._contributors.clear()

    def know(self, pairs: set[tuple[str, str]]) -> None:
        if len(self._contributors) > CONTRIBUTORS_MAX:
            self._contributors.clear()
        self._contributors |= pairs
