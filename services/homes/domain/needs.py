"""What a home requires, month by month: it follows from the home, the unit prices, the rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, TypeAlias

from services.homes.domain.home import Counts, Home
from services.homes.domain.rules import HORIZON_MONTHS, ROUNDING, Rounding, Rules
from services.homes.domain.timeline import holding_at
from shared.calendar import add_months, days_in, first_day, last_day, month_of, months_through
from shared.contracts.event import Month, Movement
from shared.contracts.government_sponsorship import AgeBand, UnitPricesAnnounced
from shared.contracts.homes import NeedRestated, RequiredTotal
from shared.contracts.resources import CHILDREN_NEEDS
from shared.decider import Aggregate, Decider

Cell: TypeAlias = tuple[str, Month]
"""A resource and a month."""
Prices: TypeAlias = Mapping[AgeBand, Mapping[date, int]]
"""Yen for a child of an age band and a whole month, from a day on."""


def announced(prices: Prices, announcement: UnitPricesAnnounced) -> Prices:
    """From its day on an announcement holds alone, for the age bands that it names."""
    replaced = {
        told.age_band: {
            **{
                day: yen
                for day, yen in prices.get(told.age_band, {}).items()
                if day < announcement.from_day
            },
            announcement.from_day: told.yen_per_child_month,
        }
        for told in announcement.prices
    }
    return {**prices, **replaced}


# --- What follows from what


def required(home: Home, prices: Prices, rules: Rules, today: date) -> Mapping[Cell, int]:
    """What the home needs in each month from its opening to its horizon, or to its closing."""
    cells = {}
    for month in _months(home, rules, today):
        cells[CHILDREN_NEEDS, month] = children_needs(home, prices, rules, month)
        for resource, timeline in home.monthly.items():
            cells[resource, month] = holding_at(timeline, month, before_all=0)
    return {cell: quantity for cell, quantity in cells.items() if quantity > 0}


def _months(home: Home, rules: Rules, today: date) -> Iterator[Month]:
    through = home.needs_through
    if through is None:
        through = add_months(month_of(today), rules.on(HORIZON_MONTHS, today))
    if home.closed_on is not None:
        through = min(through, month_of(home.closed_on))
    return months_through(month_of(home.opens_on), through)


@dataclass(frozen=True, slots=True)
class Run:
    """Days in a row on which neither the counts nor the prices change."""

    days: int
    counts: Counts
    prices: Mapping[AgeBand, int]


def children_needs(home: Home, prices: Prices, rules: Rules, month: Month) -> int:
    """Yen for a month: each child for the days it is there, at each day's unit price.

    A child is nobody in particular: the first of an age band is there on the days that count at
    least one, the second on those that count at least two. (The rule `NEEDS.PRORATION`: by day.)
    """
    rounding = rules.on(ROUNDING, first_day(month))
    runs = list(_runs(home, prices, month))
    bands = {band for run in runs for band in run.counts}
    return sum(
        _yen_of_one(runs, band, place, days_in(month), rounding)
        for band in bands
        for place in range(1, max(run.counts.get(band, 0) for run in runs) + 1)
    )


def _yen_of_one(
    runs: Sequence[Run], band: AgeBand, place: int, days_in_month: int, rounding: Rounding
) -> int:
    there = [run for run in runs if run.counts.get(band, 0) >= place]
    price_days = sum(run.days * run.prices.get(band, 0) for run in there)
    whole, rest = divmod(price_days, days_in_month)
    return whole + (rounding == "up" and rest > 0)


def _runs(home: Home, prices: Prices, month: Month) -> Iterator[Run]:
    # Nobody is counted before the opening: the register refuses it.
    start = first_day(month)
    end = min(last_day(month), home.closed_on or date.max)
    changes = {*home.counts, *(day for timeline in prices.values() for day in timeline)}
    starts = sorted({day for day in changes if start < day <= end} | {start})
    for first, following in pairwise([*starts, end + timedelta(days=1)]):
        yield Run(
            days=(following - first).days,
            counts=home.counts_on(first),
            prices={
                band: holding_at(timeline, first, before_all=0)
                for band, timeline in prices.items()
            },
        )


# --- The stream of what is required


@dataclass(frozen=True, slots=True, kw_only=True)
class RestateNeeds:
    home_id: str
    required: Mapping[Cell, int]
    """All of it, newly computed; a cell that is not named is needed no more."""


@dataclass(frozen=True, slots=True)
class Need:
    required: Mapping[Cell, int] = field(default_factory=dict)


def evolve(need: Need, event: NeedRestated) -> Need:
    told = {(total.resource, total.month): total.quantity for total in event.required}
    both = {**need.required, **told}
    return Need({cell: quantity for cell, quantity in both.items() if quantity > 0})


def decide(command: RestateNeeds, need: Need) -> Sequence[NeedRestated]:
    """Name the cells that have changed, and move the difference of each."""
    before, after = need.required, command.required
    changed = [
        (cell, before.get(cell, 0), after.get(cell, 0))
        for cell in sorted({*before, *after})
        if before.get(cell, 0) != after.get(cell, 0)
    ]
    if not changed:
        return []
    return [
        NeedRestated(
            home_id=command.home_id,
            required=tuple(
                RequiredTotal(resource=resource, month=month, quantity=now)
                for (resource, month), _, now in changed
            ),
            movements=tuple(_moved(cell, now - was) for cell, was, now in changed),
        )
    ]


def _moved(cell: Cell, change: int) -> Movement:
    resource, month = cell
    return Movement(
        resource=resource,
        month=month,
        moved_from="need" if change > 0 else "open",
        moved_to="open" if change > 0 else "need",
        quantity=abs(change),
    )


NEED: Final[Decider[RestateNeeds, Need, NeedRestated]] = Decider(decide, evolve, initial=Need())
NEEDS: Final = Aggregate(NeedRestated.category, NEED)
