"""What every partner's service answers about what homes ask of its sector."""

from datetime import date
from typing import Literal

from shared.contracts.commitment import MonthQuantity
from shared.contracts.event import Id, Month
from shared.contracts.homes import PrefectureCode
from shared.contracts.organisations import Sector
from shared.contracts.resources import Unit
from shared.http.answers import Done, Told


class OfferAnswer(Done):
    ask_id: Id
    offer_id: Id


class DeclineAnswer(Done):
    ask_id: Id
    decline_id: Id


class AskTold(Told):
    """What a home asks for, in the resource's own unit; of a home no more than where it is."""

    ask_id: Id
    home_id: Id
    prefecture_code: PrefectureCode
    resource: Id
    unit: Unit | None
    """None: a resource that the catalogue does not name."""
    gap: int
    """Counts the gaps of this home and resource."""
    asked: list[Sector]
    months: list[MonthQuantity]
    """All that stands open."""
    first_month: Month
    """The first that is not covered; once all is, the first that was not."""
    opened_on: date
    answer_by: date | None
    """The last day to answer, where the home is yet to open: it does so whole, or not at all."""
    escalated_on: date | None
    """When the governments were told."""
    closed_on: date | None
    offered: bool
    """Whether your organisation has made an offer."""
    declined: bool


class OfferTold(Told):
    """An offer of your own."""

    offer_id: Id
    ask_id: Id
    resource: Id
    months: list[MonthQuantity]
    notice_months: int
    lapse_days: int | None
    offered_on: date
    status: Literal["standing", "kept", "taken_back"]
