"""How several sponsors divide one rent, to the yen: by order up to each cap, or by share. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.rent_sponsorship.domain.leases import WHOLE_PERCENT, Lease
from shared.commitments.state import Commitment
from shared.contracts.event import Month
from shared.contracts.rent_sponsorship import Division, RentPartTaken


@dataclass(frozen=True, slots=True)
class Sponsor:
    """One who pays a part, as its agreement says."""

    agreement_id: str
    cap: int | None = None
    share_percent: int = 0

    def at_most(self, yen: int) -> int:
        return yen if self.cap is None else min(yen, self.cap)


def divide(due_yen: int, division: Division, sponsors: Sequence[Sponsor]) -> Mapping[str, int]:
    """Each sponsor's yen of what is due, in the order in which they took their parts.

    What caps and missing shares leave over is nobody's, and stays open.
    """
    return _by_order(due_yen, sponsors) if division == "by_order" else _by_share(due_yen, sponsors)


def _by_order(due_yen: int, sponsors: Sequence[Sponsor]) -> Mapping[str, int]:
    left, parts = due_yen, dict[str, int]()
    for sponsor in sponsors:
        parts[sponsor.agreement_id] = sponsor.at_most(left)
        left -= parts[sponsor.agreement_id]
    return parts


def _by_share(due_yen: int, sponsors: Sequence[Sponsor]) -> Mapping[str, int]:
    """The shares' running total is rounded up: an odd yen is paid by whoever came earlier.

    So no part depends on who comes later: what was promised by it stands when somebody does.
    """
    running_percent = running_yen = 0
    parts = dict[str, int]()
    for sponsor in sponsors:
        running_percent += sponsor.share_percent
        rounded_up = -(-due_yen * running_percent // WHOLE_PERCENT)
        parts[sponsor.agreement_id] = sponsor.at_most(rounded_up - running_yen)
        running_yen = rounded_up
    return parts


def parts_of(
    lease: Lease, month: Month, agreements: Mapping[str, Commitment]
) -> Mapping[str, int]:
    """By agreement, the yen that each sponsor's part is in a month; agreements by their ids."""
    assert lease.registered is not None  # noqa: S101  parts are taken of what was registered
    sponsors = [
        _sponsor(part, agreements[part.agreement_id])
        for part in lease.parts
        if _stands(part, month, agreements[part.agreement_id])
    ]
    return divide(lease.due_yen(month), lease.registered.division, sponsors)


def _sponsor(part: RentPartTaken, agreement: Commitment) -> Sponsor:
    cap = None if agreement.terms is None else agreement.terms.cap
    return Sponsor(part.agreement_id, cap, part.share_percent or 0)


def _stands(part: RentPartTaken, month: Month, agreement: Commitment) -> bool:
    withdrawn_from = agreement.withdrawn_from
    return part.from_month <= month and (withdrawn_from is None or month < withdrawn_from)
