"""What may be done with the lease of a home's house, and what the rules refuse. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from shared.commitments.commands import HomeStatus
from shared.contracts.event import Month
from shared.contracts.rent_sponsorship import Division, LeaseKind
from shared.refusal import Invalid, NotFound, Refusal

# --- Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterLease:
    lease_id: str
    home_id: str
    organisation_id: str
    kind: LeaseKind
    starts_on: date
    term_ends_on: date | None
    rent_yen: int
    common_charge_yen: int
    deposit_yen: int
    renewal_fee_yen: int
    division: Division
    home_status: HomeStatus
    """As far as the homes' events have told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRent:
    from_month: Month
    rent_yen: int
    common_charge_yen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLease:
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePart:
    agreement_id: str
    home_id: str
    """Of the agreement, as what follows."""
    resource: str
    organisation_id: str
    """The sponsor."""
    from_month: Month
    share_percent: int | None
    withdrawn_from: Mapping[str, Month]
    """By agreement: this one, and those of the other sponsors, where there was a notice."""


Command: TypeAlias = RegisterLease | ChangeRent | EndLease | TakePart

# --- Refusals


class LeaseUnknown(NotFound):
    """No lease is registered under this id."""


class LeaseKnown(Refusal):
    """A lease with other terms bears this id."""

    japanese = "このIDは、条件の異なる別の賃貸借契約のものです。"


class TermWithoutEnd(Invalid):
    """A fixed-term lease names the last day of its term."""

    japanese = "定期借家契約は、期間の満了日を示します。"


class LeaseEndsBeforeStart(Invalid):
    """A lease ends no earlier than it starts."""

    japanese = "賃貸借契約は、始まる前には終わりません。"


class EndBeyondTerm(Refusal):
    """A fixed-term lease ends with its term at the latest; what goes on is a new lease."""

    japanese = "定期借家契約は遅くとも期間の満了で終わり、その後は新しい契約です。"


class RentOutsideLease(Refusal):
    """Rent changes from a month on in which its lease runs."""

    japanese = "家賃の変更は、賃貸借契約の期間内の月からです。"


class PartUnknown(NotFound):
    """By this agreement no part of this rent is taken."""


class PartOfAnotherRent(Refusal):
    """A sponsor takes a part of the rent of that home with which it has agreed on the rent."""

    japanese = "家賃の分担は、家賃の協定を結んだホームの賃貸借契約についてのものです。"


class PartDividedOtherwise(Invalid):
    """A rent that is divided by share takes a share of each sponsor, one by order takes none."""

    japanese = "割合による分担では各支援者の割合を示し、順位による分担では示しません。"


class PartKnown(Refusal):
    """By one agreement, one part of a rent is taken, once."""

    japanese = "一つの協定による家賃の分担は、一度だけ定めます。"


class SharesBeyondWhole(Refusal):
    """All shares of one rent are at most a hundred per cent together."""

    japanese = "一つの家賃の分担割合は、合わせて百パーセントまでです。"
