"""Leases of the houses in which homes live: what the rent is, from when, and until when. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, TypedDict, assert_never

from dateutil.relativedelta import relativedelta

from services.rent_sponsorship.domain.leasing import (
    ChangeRent,
    Command,
    EndBeyondTerm,
    EndLease,
    LeaseEndsBeforeStart,
    LeaseKnown,
    LeaseUnknown,
    PartDividedOtherwise,
    PartKnown,
    PartOfAnotherRent,
    RegisterLease,
    RentOutsideLease,
    SharesBeyondWhole,
    TakePart,
    TermWithoutEnd,
)
from shared.calendar import month_of
from shared.commitments.commands import CommitmentWithdrawn, refuse_unless_open
from shared.contracts.event import Month
from shared.contracts.rent_sponsorship import (
    LeaseEnded,
    LeaseFact,
    LeaseRegistered,
    LeaseRentChanged,
    RentPartTaken,
)
from shared.contracts.resources import RENT
from shared.decider import Aggregate, Decider

# A volunteers' group is no legal person, and leases nothing.
TENANTS: Final = frozenset({"company", "nonprofit", "foster_parent", "government"})

WHOLE_PERCENT: Final = 100

IN_VIEW: Final = relativedelta(years=1)
"""How far ahead the end of a lease is shown."""

# --- State


@dataclass(frozen=True, slots=True)
class Charge:
    """What is due each month."""

    rent_yen: int
    common_charge_yen: int

    @property
    def yen(self) -> int:
        return self.rent_yen + self.common_charge_yen


@dataclass(frozen=True, slots=True)
class Lease:
    registered: LeaseRegistered | None = None
    charges: Mapping[Month, Charge] = field(default_factory=dict)
    """Each from its month on."""
    ended_on: date | None = None
    parts: tuple[RentPartTaken, ...] = ()
    """In the order in which they were taken."""

    @property
    def ends_on(self) -> date | None:
        """The last day as far as it is known; an ordinary lease goes on after its term."""
        if self.ended_on is not None or self.registered is None:
            return self.ended_on
        return self.registered.term_ends_on if self.registered.kind == "fixed_term" else None

    def runs_in(self, month: Month) -> bool:
        """Whether it runs on any day of the month, which then counts in whole."""
        if self.registered is None or month < month_of(self.registered.starts_on):
            return False
        return self.ends_on is None or month <= month_of(self.ends_on)

    def due_yen(self, month: Month) -> int:
        """Rent and common charge of a month; none where the lease does not run."""
        begun = [start for start in self.charges if start <= month]
        return self.charges[max(begun)].yen if begun and self.runs_in(month) else 0

    def ends_within_a_year(self, today: date) -> bool:
        return self.ends_on is not None and today <= self.ends_on <= today + IN_VIEW


class Names(TypedDict):
    lease_id: str
    home_id: str
    organisation_id: str


# --- Decisions


def decide(command: Command, lease: Lease) -> Sequence[LeaseFact]:
    if isinstance(command, RegisterLease):
        return _register(command, lease)
    if lease.registered is None:
        raise LeaseUnknown
    match command:
        case ChangeRent():
            return _change_rent(command, lease, lease.registered)
        case EndLease():
            return _end(command, lease, lease.registered)
        case TakePart():
            return _take_part(command, lease, lease.registered)
        case _:
            assert_never(command)


def evolve(lease: Lease, event: LeaseFact) -> Lease:
    match event:
        case LeaseRegistered():
            charge = Charge(event.rent_yen, event.common_charge_yen)
            return replace(lease, registered=event, charges={month_of(event.starts_on): charge})
        case LeaseRentChanged():
            charge = Charge(event.rent_yen, event.common_charge_yen)
            return replace(lease, charges={**lease.charges, event.from_month: charge})
        case LeaseEnded():
            return replace(lease, ended_on=event.ends_on)
        case RentPartTaken():
            return replace(lease, parts=(*lease.parts, event))
        case _:
            assert_never(event)


LEASES: Final = Aggregate(LeaseRegistered.category, Decider(decide, evolve, initial=Lease()))


def _register(command: RegisterLease, lease: Lease) -> Sequence[LeaseFact]:
    refuse_unless_open(command.home_status)
    if command.kind == "fixed_term" and command.term_ends_on is None:
        raise TermWithoutEnd
    if command.term_ends_on is not None and command.term_ends_on < command.starts_on:
        raise LeaseEndsBeforeStart(command.term_ends_on.isoformat())
    registered = LeaseRegistered(
        lease_id=command.lease_id,
        home_id=command.home_id,
        organisation_id=command.organisation_id,
        kind=command.kind,
        starts_on=command.starts_on,
        term_ends_on=command.term_ends_on,
        rent_yen=command.rent_yen,
        common_charge_yen=command.common_charge_yen,
        deposit_yen=command.deposit_yen,
        renewal_fee_yen=command.renewal_fee_yen,
        division=command.division,
    )
    if lease.registered is None:
        return [registered]
    if lease.registered == registered:
        return []
    raise LeaseKnown(command.lease_id)


def _change_rent(
    command: ChangeRent, lease: Lease, registered: LeaseRegistered
) -> Sequence[LeaseFact]:
    if not lease.runs_in(command.from_month):
        raise RentOutsideLease(command.from_month)
    charge = Charge(command.rent_yen, command.common_charge_yen)
    if lease.charges.get(command.from_month) == charge:
        return []
    return [
        LeaseRentChanged(
            **_names(registered),
            from_month=command.from_month,
            rent_yen=command.rent_yen,
            common_charge_yen=command.common_charge_yen,
        )
    ]


def _end(command: EndLease, lease: Lease, registered: LeaseRegistered) -> Sequence[LeaseFact]:
    ends_on = command.ends_on
    if ends_on < registered.starts_on:
        raise LeaseEndsBeforeStart(ends_on.isoformat())
    term_ends_on = registered.term_ends_on
    if registered.kind == "fixed_term" and term_ends_on is not None and ends_on > term_ends_on:
        raise EndBeyondTerm(term_ends_on.isoformat())
    if ends_on == lease.ends_on:
        return []
    return [LeaseEnded(**_names(registered), ends_on=ends_on)]


def _take_part(
    command: TakePart, lease: Lease, registered: LeaseRegistered
) -> Sequence[LeaseFact]:
    if (command.home_id, command.resource) != (registered.home_id, RENT):
        raise PartOfAnotherRent
    if (command.share_percent is None) == (registered.division == "by_share"):
        raise PartDividedOtherwise
    taken = RentPartTaken(
        lease_id=registered.lease_id,
        home_id=registered.home_id,
        organisation_id=command.organisation_id,
        agreement_id=command.agreement_id,
        from_month=command.from_month,
        share_percent=command.share_percent,
    )
    if _has_left(command.agreement_id, command):
        raise CommitmentWithdrawn(command.from_month)
    for part in lease.parts:
        if part.agreement_id == command.agreement_id:
            if part == taken:
                return []
            raise PartKnown(command.agreement_id)
    beside = [part for part in lease.parts if not _has_left(part.agreement_id, command)]
    shares = sum(part.share_percent or 0 for part in (*beside, taken))
    if shares > WHOLE_PERCENT:
        raise SharesBeyondWhole(f"{shares} %")
    return [taken]


def _has_left(agreement_id: str, command: TakePart) -> bool:
    withdrawn_from = command.withdrawn_from.get(agreement_id)
    return withdrawn_from is not None and withdrawn_from <= command.from_month


def _names(registered: LeaseRegistered) -> Names:
    return {
        "lease_id": registered.lease_id,
        "home_id": registered.home_id,
        "organisation_id": registered.organisation_id,
    }
