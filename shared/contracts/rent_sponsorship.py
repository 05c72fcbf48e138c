"""Events that rent sponsorship owns. One stream per rent agreement, key: home_id."""

from typing import ClassVar

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
from shared.contracts.event import Event, topic_of

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
)
