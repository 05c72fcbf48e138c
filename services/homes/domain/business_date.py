"""The day that is played in simulation; everyone follows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from shared.contracts.homes import BusinessDateAdvanced
from shared.decider import Aggregate, Decider
from shared.refusal import Refusal


class DateIsLived(Refusal):
    """The date is played in simulation alone; else it is Tokyo's."""

    japanese = "日付を進められるのは模擬運用だけです。それ以外は東京の日付です。"


class DateGoesBack(Refusal):
    """A day that has passed does not come again."""

    japanese = "過ぎた日に戻ることはできません。"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceDate:
    business_date: date
    simulated: bool


def decide(command: AdvanceDate, played: date | None) -> Sequence[BusinessDateAdvanced]:
    if not command.simulated:
        raise DateIsLived
    if played is None or command.business_date > played:
        return [BusinessDateAdvanced(business_date=command.business_date)]
    if command.business_date == played:
        return []
    raise DateGoesBack(played.isoformat())


def evolve(_played: date | None, event: BusinessDateAdvanced) -> date:
    return event.business_date


CALENDAR: Final[Decider[AdvanceDate, date | None, BusinessDateAdvanced]] = Decider(
    decide, evolve, initial=None
)
CALENDARS: Final = Aggregate(BusinessDateAdvanced.category, CALENDAR)
