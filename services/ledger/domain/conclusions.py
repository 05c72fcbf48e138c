"""What the ledger concludes from the books: which shortfalls and discrepancies there are. Pure."""

from collections.abc import Iterable, Iterator

from services.ledger.domain.double_funding import DoubleFunding
from services.ledger.domain.posting import Cell, DeliveryAccount
from shared.contracts.ledger import (
    DiscrepancyFound,
    DiscrepancyMended,
    LedgerEvent,
    ShortfallChanged,
    ShortfallClosed,
    ShortfallOpened,
)


def conclude(
    cells: Iterable[Cell],
    deliveries: Iterable[DeliveryAccount],
    twice: Iterable[DoubleFunding] = (),
) -> Iterator[LedgerEvent]:
    """What is to be said of a batch: of each subject at most one word."""
    for cell in cells:
        yield from _shortfall(cell)
    for account in deliveries:
        yield from _discrepancy(account)
    for funding in twice:
        yield from funding.said()


def _shortfall(cell: Cell) -> Iterator[LedgerEvent]:
    if cell.announced == cell.announced_before:
        return
    where = {
        "home_id": cell.home_id,
        "resource": cell.resource,
        "month": cell.month,
        "episode": cell.episode,
    }
    if cell.announced == 0:
        yield ShortfallClosed.model_validate(where)
    elif cell.announced_before == 0:
        yield ShortfallOpened.model_validate({**where, "quantity": cell.announced})
    else:
        yield ShortfallChanged.model_validate({**where, "quantity": cell.announced})


def _discrepancy(account: DeliveryAccount) -> Iterator[LedgerEvent]:
    if bool(account.excess) == bool(account.excess_before):
        return
    where = {
        "home_id": account.home_id,
        "delivery_id": account.delivery_id,
        "episode": account.episode,
    }
    if account.excess:
        yield DiscrepancyFound.model_validate({**where, "excess": account.excess})
    else:
        yield DiscrepancyMended.model_validate(where)
