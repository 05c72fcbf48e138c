"""The asks of one home, as its own events tell them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias, assert_never

from shared.contracts.commitment import MonthQuantity
from shared.contracts.event import Month
from shared.contracts.homes import (
    AskAmended,
    AskClosed,
    AskEscalated,
    AskOpened,
    AskWidened,
    OfferAccepted,
    OfferDeclined,
)
from shared.contracts.organisations import Sector

Quantities: TypeAlias = Mapping[Month, int]
AskFact: TypeAlias = (
    AskOpened | AskAmended | AskWidened | AskEscalated | AskClosed | OfferAccepted | OfferDeclined
)

RESERVED: Final = timedelta(days=1)
"""How long an acceptance holds its units while they still show as open: the books follow in less
than a second, and where a need rose by as much at once, nothing ever shows that they did."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What was accepted of an offer, and of it, what still shows as open."""

    accepted_on: date
    months: Quantities


@dataclass(frozen=True, slots=True)
class Ask:
    opened: AskOpened
    months: Quantities
    """What stands open."""
    asked: tuple[Sector, ...]
    widened_on: date
    """Or opened: since when those who are asked now have been."""
    escalated_on: date | None = None
    closed_on: date | None = None
    under_way: Mapping[str, Acceptance] = field(default_factory=dict)
    """By offer, in the order of acceptance."""

    def acceptable(self, month: Month, today: date) -> int:
        """What stands open and is not on its way to be promised."""
        reserved = sum(
            acceptance.months.get(month, 0)
            for acceptance in self.under_way.values()
            if today <= acceptance.accepted_on + RESERVED
        )
        return max(self.months.get(month, 0) - reserved, 0)


@dataclass(frozen=True, slots=True)
class Asks:
    all: Mapping[str, Ask] = field(default_factory=dict)
    """By their ids."""
    open: Mapping[str, str] = field(default_factory=dict)
    """By resource: the ask that is open."""
    gaps: Mapping[str, int] = field(default_factory=dict)
    """By resource: how many gaps there have been."""
    answered: Mapping[str, Literal["accepted", "declined"]] = field(default_factory=dict)
    """By offer: what the home has said."""

    def open_for(self, resource: str) -> Ask | None:
        ask_id = self.open.get(resource)
        return None if ask_id is None else self.all[ask_id]


def evolve(asks: Asks, event: AskFact) -> Asks:
    match event:
        case AskOpened():
            opened = Ask(event, quantities(event.months), event.asked, event.opened_on)
            return replace(
                _with(asks, opened),
                open={**asks.open, event.resource: event.ask_id},
                gaps={**asks.gaps, event.resource: event.gap},
            )
        case AskAmended():
            return _with(asks, _amended(asks.all[event.ask_id], quantities(event.months)))
        case AskWidened():
            ask = asks.all[event.ask_id]
            return _with(asks, replace(ask, asked=event.asked, widened_on=event.widened_on))
        case AskEscalated():
            ask = asks.all[event.ask_id]
            return _with(asks, replace(ask, escalated_on=event.escalated_on))
        case AskClosed():
            closed = replace(_amended(asks.all[event.ask_id], {}), closed_on=event.closed_on)
            still_open = {name: one for name, one in asks.open.items() if one != event.ask_id}
            return replace(_with(asks, closed), open=still_open)
        case OfferAccepted():
            ask = asks.all[event.ask_id]
            acceptance = Acceptance(event.accepted_on, quantities(event.months))
            under_way = {**ask.under_way, event.offer_id: acceptance}
            return replace(
                _with(asks, replace(ask, under_way=under_way)),
                answered={**asks.answered, event.offer_id: "accepted"},
            )
        case OfferDeclined():
            ask = asks.all[event.ask_id]
            under_way = {of: one for of, one in ask.under_way.items() if of != event.offer_id}
            return replace(
                _with(asks, replace(ask, under_way=under_way)),
                answered={**asks.answered, event.offer_id: "declined"},
            )
        case _:
            assert_never(event)


def quantities(months: Sequence[MonthQuantity]) -> Quantities:
    return {one.month: one.quantity for one in months}


def _with(asks: Asks, ask: Ask) -> Asks:
    return replace(asks, all={**asks.all, ask.opened.ask_id: ask})


def _amended(ask: Ask, months: Quantities) -> Ask:
    """What stands open no more was covered by what is under way, the first accepted first.

    Another may have covered it in the same moment. Then more is accepted than stands open, which
    shows as a surplus; to know better, a home would keep books of its own.
    """
    gone = {month: before - months.get(month, 0) for month, before in ask.months.items()}
    under_way = {}
    for offer_id, acceptance in ask.under_way.items():
        left = {}
        for month, quantity in acceptance.months.items():
            arrived = min(max(gone.get(month, 0), 0), quantity)
            gone[month] = gone.get(month, 0) - arrived
            if quantity > arrived:
                left[month] = quantity - arrived
        if left:
            under_way[offer_id] = replace(acceptance, months=left)
    return replace(ask, months=months, under_way=under_way)
