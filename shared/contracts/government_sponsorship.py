"""Events that government sponsorship owns: grants per home, and unit prices for all homes."""

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
from shared.contracts.event import Day, Event, Fact, Id, topic_of

OWNER = "government_sponsorship"
TOPIC = topic_of(OWNER)

AgeBand: TypeAlias = Literal["under_3", "preschool", "school_age"]


class GrantEvent(CommitmentEvent):
    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "grant"


class GrantDecided(GrantEvent, Agreed):
    """A government will sponsor the needs of a home's children, or its rent; no yen yet."""


class GrantPromised(GrantEvent, Promised):
    """So much is granted for these months, in yen."""


class GrantDisbursed(GrantEvent, Delivered):
    """A disbursement was paid for a month, in yen."""


class DisbursementCorrected(GrantEvent, Corrected):
    """A disbursement was recorded wrongly; these are its right totals, in yen."""


class GrantWithdrawn(GrantEvent, Withdrawn):
    """The government gave notice and grants nothing from this month on."""


class GrantLapsed(GrantEvent, Lapsed):
    """What was granted for a month was never disbursed, and by its terms has lapsed."""


class DisbursementDisputeAnswered(GrantEvent, DisputeAnswered):
    """The government stands by a disbursement that the home disputes."""


class UnitPrice(Fact):
    """What one child of an age band needs in a whole month."""

    age_band: AgeBand
    yen_per_child_month: Annotated[int, Field(ge=0, le=10**9)]


class UnitPricesAnnounced(Event):
    """Unit prices that hold from a day on, past or future; they replace what held since then."""

    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "unit_prices"
    identity_field: ClassVar[str] = "programme_id"
    key_field: ClassVar[str] = "programme_id"
    change: ClassVar[str] = "price"

    programme_id: Id
    announcement_id: Id
    organisation_id: Id
    announced_on: Day
    from_day: Day
    prices: tuple[UnitPrice, ...]


class GrantOffered(Offered):
    """A government would grant this much for these months, in yen."""

    owner: ClassVar[str] = OWNER


class GrantOfferTakenBack(OfferTakenBack):
    """A government has taken its offer back."""

    owner: ClassVar[str] = OWNER


class GrantOfferKept(OfferKept):
    """A government has granted what the home accepted of its offer."""

    owner: ClassVar[str] = OWNER


class GrantRequestDeclined(AskDeclined):
    """A government will not answer a home's grant request."""

    owner: ClassVar[str] = OWNER


EVENTS: tuple[type[Event], ...] = (
    GrantDecided,
    GrantPromised,
    GrantDisbursed,
    DisbursementCorrected,
    GrantWithdrawn,
    GrantLapsed,
    DisbursementDisputeAnswered,
    UnitPricesAnnounced,
    GrantOffered,
    GrantOfferTakenBack,
    GrantOfferKept,
    GrantRequestDeclined,
)
