"""What the register of homes answers."""

from datetime import date
from typing import Any, Literal

from shared.contracts.commitment import DeclineCode, MonthQuantity, ReasonCode
from shared.contracts.event import Id, Month, Total
from shared.contracts.government_sponsorship import AgeBand
from shared.contracts.homes import Capacity, OperatorKind, PrefectureCode
from shared.contracts.organisations import Sector
from shared.contracts.resources import Unit
from shared.http.answers import Done, Told
from shared.rules import Confidence


class HomeAnswer(Done):
    home_id: Id


class ReceiptAnswer(Done):
    delivery_id: Id
    confirmed: Total
    """Of this delivery, in all, in the resource's own unit."""


class DisputeAnswer(ReceiptAnswer):
    dispute_id: Id


class DateTold(Told):
    business_date: date
    simulated: bool
    """Whether the date is played; else it is Tokyo's."""


class DateAnswer(Done):
    business_date: date


class RuleTold(Told):
    """A rule, from when to when it holds, and how sure we are of it."""

    key: str
    value: Any
    unit: str
    valid_from: date
    valid_to: date | None
    source: str
    confidence: Confidence
    confirmed: bool


class HomeTold(Told):
    home_id: Id
    prefecture_code: PrefectureCode
    home_operator_kind: OperatorKind
    home_operator_id: str
    opens_on: date
    needs_through: Month | None
    """None: the horizon moves with the date."""
    closed_on: date | None


class CapacityTold(Told):
    from_day: date
    capacity: Capacity


class ChildrenTold(Told):
    from_day: date
    age_band: AgeBand
    children: int


class MonthlyNeedTold(Told):
    resource: Id
    from_month: Month
    quantity: Total


class HomeWholly(HomeTold):
    """A home with all that was said of it, each from its day on."""

    capacities: list[CapacityTold]
    children: list[ChildrenTold]
    monthly_needs: list[MonthlyNeedTold]
    version: int
    """How many events it has; its `ETag` as well."""


class NeedTold(Told):
    month: Month
    resource: Id
    unit: Unit
    quantity: Total
    fiscal_year: int
    era_month: str


class DisputeTold(Told):
    dispute_id: Id
    reason_code: ReasonCode
    disputed_by: str
    answer_code: ReasonCode | None
    open: bool


class ArrivalTold(Told):
    """What arrived, in the resource's own unit, and what the home says of it."""

    delivery_id: Id
    commitment_id: Id
    organisation_id: str
    resource: Id
    month: Month
    quantity: Total
    confirmed: Total
    delivery_version: int
    """To be sent with a confirmation: what was seen is what is confirmed."""
    disputes: list[DisputeTold]


class OfferAnswer(Done):
    ask_id: Id
    offer_id: Id


class AskTold(Told):
    """What a home asks for of a resource, in the resource's own unit."""

    ask_id: Id
    home_id: Id
    resource: Id
    unit: Unit | None
    """None: a resource that the catalogue does not name."""
    gap: int
    """Counts the gaps of this home and resource."""
    asked: list[Sector]
    opened_on: date
    escalated_on: date | None
    """When the governments were told."""
    closed_on: date | None
    months: list[MonthQuantity]
    """All that stands open."""


class OfferTold(Told):
    """What an organisation would promise, and what has become of it."""

    offer_id: Id
    organisation_id: str
    sector: Sector
    months: list[MonthQuantity]
    notice_months: int
    lapse_days: int | None
    offered_on: date
    status: Literal["standing", "accepted", "kept", "declined", "taken_back"]
    accepted: list[MonthQuantity]


class DeclineTold(Told):
    organisation_id: str
    reason_code: DeclineCode


class AcceptableTold(Told):
    month: Month
    quantity: Total


class AskWholly(AskTold):
    """An ask with all offers to it, side by side."""

    acceptable: list[AcceptableTold]
    """What stands open and is not on its way to be promised."""
    offers: list[OfferTold]
    declines: list[DeclineTold]


class MissingTold(Told):
    """What nobody has promised, in the resource's own unit."""

    resource: Id
    unit: Unit
    month: Month
    quantity: Total


class AskOfOpeningTold(AskTold):
    """What is asked for, and who has answered."""

    offers: list[OfferTold]
    declines: list[DeclineTold]


class OpeningWholly(Told):
    """The opening of a home: who has answered, what is missing, until when."""

    home_id: Id
    status: Literal["not_begun", "under_way", "open", "failed"]
    first_month: Month | None
    through_month: Month | None
    """The last month that must be covered for the home to open."""
    begun_on: date | None
    deadline: date | None
    """The last day to answer."""
    ended_on: date | None
    reason_code: Literal["refused", "deadline"] | None
    """Why it failed: all who may cover something have declined; the last day has passed."""
    missing: list[MissingTold]
    """Of what must be covered; once it has failed, what was missing then."""
    asks: list[AskOfOpeningTold]
