"""Whether public support and a sponsor stand for the same units, beyond what is required. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.ledger.domain.posting import Cell, CellName
from shared.contracts import government_sponsorship
from shared.contracts.ledger import DoubleFundingFound, DoubleFundingMended, LedgerEvent

PUBLIC_TOPICS: Final = frozenset({government_sponsorship.TOPIC})
"""Where public support is told; whatever is told elsewhere comes from a sponsor."""
PUBLIC_SUPPORT: Final = 1
SPONSOR: Final = 2
BOTH: Final = PUBLIC_SUPPORT | SPONSOR


class Funding(NamedTuple):
    """What stands delivered or confirmed in a cell, of one organisation by one topic."""

    topic: str
    organisation_id: str | None
    quantity: int


@dataclass(slots=True)
class DoubleFunding:
    """A cell that is, or was, funded by both; while a batch is booked."""

    home_id: str
    resource: str
    month: str
    episode: int = 0
    """The present one, or the last."""
    excess_before: int = 0
    excess: int = 0
    organisations: tuple[str, ...] = ()
    """Those whose deliveries stand in it."""

    def weigh(self, beyond: int, funding: Iterable[Funding]) -> None:
        """Find what stands beyond what is required, where both kinds stand for something."""
        standing = [one for one in funding if one.quantity > 0]
        funders = {funder(one.topic) for one in standing}
        self.excess = beyond if len(funders) > 1 else 0
        named = {one.organisation_id for one in standing if one.organisation_id is not None}
        self.organisations = tuple(sorted(named)) if self.excess else ()
        self.close()

    def close(self) -> None:
        if self.excess and not self.excess_before:
            self.episode += 1

    def said(self) -> Iterator[LedgerEvent]:
        """What is to be said of it: nothing, where it only changes."""
        if bool(self.excess) == bool(self.excess_before):
            return
        where = {
            "home_id": self.home_id,
            "resource": self.resource,
            "month": self.month,
            "episode": self.episode,
        }
        if self.excess:
            more = {"excess": self.excess, "organisations": self.organisations}
            yield DoubleFundingFound.model_validate({**where, **more})
        else:
            yield DoubleFundingMended.model_validate(where)


def funder(topic: str) -> int:
    return PUBLIC_SUPPORT if topic in PUBLIC_TOPICS else SPONSOR


def suspects(cells: Iterable[Cell]) -> dict[CellName, int]:
    """Cells to be looked into, and by how much each is beyond: all others cannot be funded twice.

    A cell that stands as funded twice was beyond before.
    """
    return {
        (cell.home_id, cell.resource, cell.month): cell.beyond
        for cell in cells
        if cell.funders == BOTH and (cell.beyond or cell.beyond_before)
    }
