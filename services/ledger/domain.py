"""What the ledger concludes from the books: which shortfalls and discrepancies there are. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from shared.contracts.event import QUANTITY_MAX, Month
from shared.contracts.ledger import (
    DiscrepancyFound,
    DiscrepancyMended,
    LedgerEvent,
    ShortfallChanged,
    ShortfallClosed,
    ShortfallOpened,
)

# --- What the ledger reads of an event

Word = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}\Z")]
Place = Literal["need", "open", "promised", "delivered", "confirmed"]


class Moved(msgspec.Struct, frozen=True):
    """`shared.contracts.event.Movement`, read fast; a test holds the two to the same contract."""

    resource: Word
    month: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])\Z")]
    moved_from: Place
    moved_to: Place
    quantity: Annotated[int, msgspec.Meta(gt=0, le=QUANTITY_MAX)]
    organisation_id: Word | None = None
    commitment_id: Word | None = None
    delivery_id: Word | None = None
    delivery_version: Annotated[int, msgspec.Meta(gt=0, le=2**62)] | None = None


class Moving(msgspec.Struct, frozen=True):
    """Any event of any service, known or not."""

    movements: list[Moved] = []


READ = msgspec.json.Decoder(Moving)

# --- What the books say after a batch


@dataclass(frozen=True, slots=True)
class Cell:
    """One home, resource and month, and what was said of it before."""

    home_id: str
    resource: str
    month: Month
    episode: int
    """Of its shortfall: the present one, or the last."""
    announced_before: int
    announced: int
    """The units that stand open, as the ledger says now."""


@dataclass(frozen=True, slots=True)
class DeliveryAccount:
    """One delivery, and by how much its confirmations exceed it."""

    home_id: str
    delivery_id: str
    episode: int
    excess_before: int
    excess: int


def conclude(
    cells: Sequence[Cell], deliveries: Sequence[DeliveryAccount]
) -> Iterator[LedgerEvent]:
    """What is to be said of a batch: at most one word per cell and delivery."""
    for cell in cells:
        yield from _shortfall(cell)
    for account in deliveries:
        yield from _discrepancy(account)


def _shortfall(cell: Cell) -> Iterator[LedgerEvent]:
    where = {
        "home_id": cell.home_id,
        "resource": cell.resource,
        "month": cell.month,
        "episode": cell.episode,
    }
    if cell.announced == cell.announced_before:
        return
    if cell.announced == 0:
        yield ShortfallClosed.model_validate(where)
    elif cell.announced_before == 0:
        yield ShortfallOpened.model_validate({**where, "quantity": cell.announced})
    else:
        yield ShortfallChanged.model_validate({**where, "quantity": cell.announced})


def _discrepancy(account: DeliveryAccount) -> Iterator[LedgerEvent]:
    where = {
        "home_id": account.home_id,
        "delivery_id": account.delivery_id,
        "episode": account.episode,
    }
    if account.excess and not account.excess_before:
        yield DiscrepancyFound.model_validate({**where, "excess": account.excess})
    elif account.excess_before and not account.excess:
        yield DiscrepancyMended.model_validate(where)
