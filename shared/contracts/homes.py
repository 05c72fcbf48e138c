"""Events that the register of homes owns: homes, needs, what arrived, asks, openings, the date."""

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from shared.contracts.commitment import MonthQuantity, ReasonCode
from shared.contracts.event import Day, Event, Fact, Id, Month, Quantity, Total, topic_of
from shared.contracts.government_sponsorship import AgeBand
from shared.contracts.organisations import Sector

OWNER = "homes"
TOPIC = topic_of(OWNER)

OperatorKind: TypeAlias = Literal["nonprofit", "company", "foster_parent"]
PrefectureCode: TypeAlias = Annotated[str, Field(pattern=r"^(0[1-9]|[1-3][0-9]|4[0-7])$")]
"""JIS X 0401."""
Capacity: TypeAlias = Annotated[int, Field(ge=1, le=20)]


class HomeEvent(Event):
    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "home"
    identity_field: ClassVar[str] = "home_id"
    key_field: ClassVar[str] = "home_id"

    home_id: Id


class HomeRegistered(HomeEvent):
    """A Family Home is in the register."""

    prefecture_code: PrefectureCode
    home_operator_kind: OperatorKind
    home_operator_id: Id
    capacity: Capacity
    opens_on: Day
    needs_through: Month | None = None
    """The last month for which needs are stated; none: the horizon moves with the date."""


class CapacityChanged(HomeEvent):
    """A home has this many places from a day on."""

    capacity: Capacity
    from_day: Day


class HomeClosed(HomeEvent):
    """A home needs nothing from the day after this one."""

    closed_on: Day


class BandCount(Fact):
    """How many children of an age band live there; never who."""

    age_band: AgeBand
    children: Annotated[int, Field(ge=0, le=20)]


class ChildrenCounted(HomeEvent):
    """These many children live in a home from a day on; told again for a day, it replaces."""

    change: ClassVar[str] = "count"

    from_day: Day
    counts: tuple[BandCount, ...]


class MonthlyNeedStated(HomeEvent):
    """What a home needs of a resource each month from a month on."""

    resource: Id
    from_month: Month
    quantity: Total


class RequiredTotal(Fact):
    """What is required of a resource in a month in all."""

    resource: Id
    month: Month
    quantity: Total


class NeedRestated(Event):
    """What a home requires has become this, in the cells that are named."""

    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "need"
    identity_field: ClassVar[str] = "home_id"
    key_field: ClassVar[str] = "home_id"
    moves: ClassVar[str] = "need → open (back)"
    change: ClassVar[str] = "need"

    home_id: Id
    required: tuple[RequiredTotal, ...]


class ReceiptEvent(Event):
    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "receipt"
    identity_field: ClassVar[str] = "delivery_id"
    key_field: ClassVar[str] = "home_id"

    home_id: Id
    delivery_id: Id


class DeliveryConfirmed(ReceiptEvent):
    """The home has received this quantity of a delivery."""

    moves: ClassVar[str] = "delivered → confirmed"
    change: ClassVar[str] = "confirmation"

    delivery_version: Annotated[int, Field(gt=0)]
    """The version of the delivery's stream that the home saw."""
    quantity: Quantity
    confirmed: Total
    """Of this delivery, in all."""
    confirmed_by: Id


class ConfirmationTakenBack(ReceiptEvent):
    """The home had confirmed this quantity wrongly."""

    moves: ClassVar[str] = "confirmed → delivered"
    change: ClassVar[str] = "confirmation_taken_back"

    quantity: Quantity
    confirmed: Total
    """Of this delivery, in all, after it was taken back."""
    taken_back_by: Id


class DeliveryDisputed(ReceiptEvent):
    """The home says that a delivery is not as recorded; nothing moves."""

    dispute_id: Id
    reason_code: ReasonCode
    disputed_by: Id


class DisputeClosed(ReceiptEvent):
    """The home has settled its dispute."""

    dispute_id: Id
    closed_by: Id


class AskEvent(Event):
    """One stream for all asks of a home, so that no unit is ever in two of them."""

    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "asks"
    identity_field: ClassVar[str] = "home_id"
    key_field: ClassVar[str] = "home_id"

    home_id: Id
    ask_id: Id
    resource: Id


class AskOpened(AskEvent):
    """What a home lacks of a resource, and nobody has promised, is asked for."""

    gap: Annotated[int, Field(gt=0)]
    """Counts the gaps of this home and resource: from the first unit open to the last covered."""
    prefecture_code: PrefectureCode
    months: tuple[MonthQuantity, ...]
    """All that stands open."""
    asked: tuple[Sector, ...]
    opened_on: Day


class AskAmended(AskEvent):
    """So much stands open now, all months together."""

    months: tuple[MonthQuantity, ...]


class AskWidened(AskEvent):
    """More sectors are asked."""

    asked: tuple[Sector, ...]
    """All that are asked now."""
    reason_code: Literal["declined", "days"]
    """All who were asked have declined; the days for them to answer are over."""
    widened_on: Day


class AskEscalated(AskEvent):
    """The governments are told: a month comes near of which units stand open."""

    first_month: Month
    """The first month that is not covered."""
    escalated_on: Day


class AskClosed(AskEvent):
    """Nothing stands open any more, by whomever it is covered."""

    closed_on: Day


class OfferAccepted(AskEvent):
    """The home takes this of an offer. Its owner promises it, or has taken the offer back."""

    offer_id: Id
    organisation_id: Id
    """Whose offer it is."""
    sector: Sector
    months: tuple[MonthQuantity, ...]
    accepted_by: Id
    accepted_on: Day


class OfferDeclined(AskEvent):
    """The home takes nothing of an offer; or it had, and the offer had been taken back before."""

    offer_id: Id
    organisation_id: Id
    """Whose offer it is."""
    reason_code: Literal["not_needed", "another_preferred", "terms", "taken_back"]


class OpeningEvent(Event):
    """One stream for the opening of a home. It is tried once: what follows is another home's."""

    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "opening"
    identity_field: ClassVar[str] = "home_id"
    key_field: ClassVar[str] = "home_id"

    home_id: Id


class OpeningBegun(OpeningEvent):
    """A home is to open once all that it requires in its first months is promised, or not at all.

    Whatever is promised to it until then is promised for its opening, and stands or falls with it.
    """

    first_month: Month
    through_month: Month
    """The last of the months that must be covered for the home to open."""
    required: tuple[RequiredTotal, ...]
    """What it requires in these months, as they are known today."""
    deadline: Day
    """The last day on which partners answer."""
    begun_by: Id
    begun_on: Day


class HomeOpened(OpeningEvent):
    """All that the home requires in its first months is promised: it opens as planned."""

    opened_on: Day


class OpeningFailed(OpeningEvent):
    """The home does not open. It requires nothing any more, and each promise to it is released."""

    reason_code: Literal["refused", "deadline"]
    """All who may cover something have declined; the last day to answer has passed."""
    missing: tuple[RequiredTotal, ...]
    """What nobody has promised."""
    failed_on: Day


class BusinessDateAdvanced(Event):
    """In simulation, the day it is. Real time is never played, the date alone."""

    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "business_date"
    identity_field: ClassVar[str] = "calendar"
    key_field: ClassVar[str] = "calendar"

    calendar: Literal["tokyo"] = "tokyo"
    business_date: Day


EVENTS: tuple[type[Event], ...] = (
    HomeRegistered,
    CapacityChanged,
    HomeClosed,
    ChildrenCounted,
    MonthlyNeedStated,
    NeedRestated,
    DeliveryConfirmed,
    ConfirmationTakenBack,
    DeliveryDisputed,
    DisputeClosed,
    AskOpened,
    AskAmended,
    AskWidened,
    AskEscalated,
    AskClosed,
    OfferAccepted,
    OfferDeclined,
    OpeningBegun,
    HomeOpened,
    OpeningFailed,
    BusinessDateAdvanced,
)
