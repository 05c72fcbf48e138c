import pytest

from services.ledger.domain.conclusions import conclude
from services.ledger.domain.posting import Cell, DeliveryAccount
from shared.contracts.ledger import (
    DiscrepancyFound,
    DiscrepancyMended,
    LedgerEvent,
    ShortfallChanged,
    ShortfallClosed,
    ShortfallOpened,
)

WHERE = {"home_id": "h", "resource": "rent", "month": "2012-03"}


def cell(before: int, after: int) -> Cell:
    """A cell at the end of a batch; its episode is the second where it has one now."""
    closing = Cell("h", "rent", "2012-03", [-after, after, 0, 0, 0], 2 if before else 1, before)
    closing.close()
    return closing


def account(before: int, after: int) -> DeliveryAccount:
    closing = DeliveryAccount("h", "d", delivered=-after, excess_before=before)
    closing.episode = 1 if before else 0
    closing.close()
    return closing


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0, 0, []),
        (0, 5, [ShortfallOpened(**WHERE, episode=2, quantity=5)]),
        (5, 5, []),
        (5, 3, [ShortfallChanged(**WHERE, episode=2, quantity=3)]),
        (3, 0, [ShortfallClosed(**WHERE, episode=2)]),
    ],
)
def test_a_shortfall_is_told_when_it_opens_changes_and_closes(
    before: int, after: int, said: list[LedgerEvent]
) -> None:
    assert list(conclude([cell(before, after)], [])) == said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0, 0, []),
        (0, 7, [DiscrepancyFound(home_id="h", delivery_id="d", episode=1, excess=7)]),
        (7, 4, []),
        (7, 0, [DiscrepancyMended(home_id="h", delivery_id="d", episode=1)]),
    ],
)
def test_a_discrepancy_is_told_when_it_is_found_and_when_it_is_mended(
    before: int, after: int, said: list[LedgerEvent]
) -> None:
    assert list(conclude([], [account(before, after)])) == said
