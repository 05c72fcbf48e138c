"""Events that rent sponsorship owns. One stream per rent agreement and lease, key: home_id."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from shared.contracts.commitment import (
    Agreed,
    AskDeclined,
    CommitmentEvent,
    Corrected,
    Delivered,
    DisputeAnswered,
    Lapsed,
    Offered,
    OfferKept,
    OfferTakenBack,
    Promised,
    Withdrawn,
)
from shared.contracts.event import Day, Event, Id, Month, Total, topic_of

OWNER = "rent_sponsorship"
TOPIC = topic_of(OWNER)


class RentAgreementEvent(CommitmentEvent):
    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "rent_agreement"


class RentAgreementSigned(RentAgreementEvent, Agreed):
    """A sponsor and a home have signed on the rent; nothing is promised yet."""


class RentPromised(RentAgreementEvent, Promised):
    """A sponsor will pay this much of these months' rent, in yen."""


class RentPaid(RentAgreementEvent, Delivered):
    """A sponsor paid towards a month's rent, in yen."""


class RentPaymentCorrected(RentAgreementEvent, Corrected):
    """A payment was recorded wrongly; these are its right totals, in yen."""


class RentSponsorshipWithdrawn(RentAgreementEvent, Withdrawn):
    """A sponsor gave notice and pays no rent from this month on."""


class RentPromiseLapsed(RentAgreementEvent, Lapsed):
    """A month's instalment never came, and by the agreement is no longer expected."""


class RentDisputeAnswered(RentAgreementEvent, DisputeAnswered):
    """The sponsor stands by a payment that the home disputes."""


class RentOffered(Offered):
    """A sponsor would pay this much of these months' rent, in yen."""

    owner: ClassVar[str] = OWNER


class RentOfferTakenBack(OfferTakenBack):
    """A sponsor has taken its offer back."""

    owner: ClassVar[str] = OWNER


class RentOfferKept(OfferKept):
    """A sponsor has promised what the home accepted of its offer."""

    owner: ClassVar[str] = OWNER


class RentAppealDeclined(AskDeclined):
    """A sponsor will not answer a home's rent appeal."""

    owner: ClassVar[str] = OWNER


# --- Leases: what the rent is, and until when

LeaseKind: TypeAlias = Literal["ordinary", "fixed_term"]
"""An ordinary lease goes on after its term; one of a fixed term ends with it."""


Division: TypeAlias = Literal["by_order", "by_share"]
"""How several sponsors divide one rent: the first up to its cap, then the next; or by share."""

Percent: TypeAlias = Annotated[int, Field(gt=0, le=100)]


class LeaseEvent(Event):
    """One stream per lease of a home. A lease moves nothing: what is needed, the home says."""

    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "lease"
    identity_field: ClassVar[str] = "lease_id"
    key_field: ClassVar[str] = "home_id"

    lease_id: Id
    home_id: Id
    organisation_id: Id
    """Whose word it is: the tenant's, or a sponsor's of its own part."""


class LeaseRegistered(LeaseEvent):
    """An organisation leases the house in which a home lives."""

    kind: LeaseKind
    starts_on: Day
    term_ends_on: Day | None = None
    """The last day of the term; an ordinary lease may be told without one."""
    rent_yen: Total
    """A month; none where the house is lent."""
    common_charge_yen: Total
    """A month, beside the rent."""
    deposit_yen: Total
    renewal_fee_yen: Total
    division: Division = "by_order"


class LeaseRentChanged(LeaseEvent):
    """Rent and common charge are these from a month on."""

    from_month: Month
    rent_yen: Total
    common_charge_yen: Total


class LeaseEnded(LeaseEvent):
    """The last day of a lease, before its term or without one; told again, it replaces."""

    ends_on: Day


class RentPartTaken(LeaseEvent):
    """A sponsor pays, by its agreement, its part of the rent from a month on, until it withdraws.

    Nothing is promised by it: what is promised, the agreement says.
    """

    agreement_id: Id
    from_month: Month
    share_percent: Percent | None = None
    """Of the rent, where it is divided by share."""


LeaseFact: TypeAlias = LeaseRegistered | LeaseRentChanged | LeaseEnded | RentPartTaken

EVENTS: tuple[type[Event], ...] = (
    RentAgreementSigned,
    RentPromised,
    RentPaid,
    RentPaymentCorrected,
    RentSponsorshipWithdrawn,
    RentPromiseLapsed,
    RentDisputeAnswered,
    RentOffered,
    RentOfferTakenBack,
    RentOfferKept,
    RentAppealDeclined,
    LeaseRegistered,
    LeaseRentChanged,
    LeaseEnded,
    RentPartTaken,
)
