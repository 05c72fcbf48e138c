"""One Family Home: how many places it has, how many children live there, what it says it needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, TypeAlias, assert_never

from services.homes.domain.rules import CAPACITY, Rules
from services.homes.domain.timeline import holding_at
from shared.calendar import add_months, month_of
from shared.contracts.event import Month
from shared.contracts.government_sponsorship import AgeBand
from shared.contracts.homes import (
    BandCount,
    CapacityChanged,
    ChildrenCounted,
    HomeClosed,
    HomeRegistered,
    MonthlyNeedStated,
    OperatorKind,
)
from shared.contracts.resources import CATALOGUE, CHILDREN_NEEDS
from shared.decider import Aggregate, Decider
from shared.refusal import Invalid, NotFound, Refusal

NEEDS_MONTHS_MAX: Final = 360
"""So that one event can restate them all."""

Counts: TypeAlias = Mapping[AgeBand, int]

# --- Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterHome:
    home_id: str
    prefecture_code: str
    home_operator_kind: OperatorKind
    home_operator_id: str
    capacity: int
    opens_on: date
    needs_through: Month | None
    rules: Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCapacity:
    capacity: int
    from_day: date
    rules: Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class CountChildren:
    """How many live there from a day on; an age band that is not named has none."""

    from_day: date
    counts: Sequence[BandCount]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMonthlyNeed:
    resource: str
    from_month: Month
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseHome:
    closed_on: date


Change: TypeAlias = ChangeCapacity | CountChildren | StateMonthlyNeed | CloseHome
Command: TypeAlias = RegisterHome | Change
HomeFact: TypeAlias = (
    HomeRegistered | CapacityChanged | ChildrenCounted | MonthlyNeedStated | HomeClosed
)

# --- Refusals


class HomeUnknown(NotFound):
    """No home is registered under this id."""


class HomeKnown(Refusal):
    """Another home bears this id."""

    japanese = "このIDは別のホームのものです。"


class CapacityOutsideRule(Refusal):
    """A home has as many places as the rule of the day allows."""

    japanese = "定員は、その日の規則が認める数でなければなりません。"


class ChildrenBeyondCapacity(Refusal):
    """On no day do more children live in a home than it has places for."""

    japanese = "子どもの数が定員を超える日があってはなりません。"


class BeforeOpening(Refusal):
    """What is said of a home holds from its opening at the earliest."""

    japanese = "ホームについて述べることは、早くとも開設の日から有効です。"


class AfterClosing(Refusal):
    """Nothing is said of a home for days after it closed."""

    japanese = "ホームが閉じた後の日については、何も述べられません。"


class BandCountedTwice(Invalid):
    """Each age band is counted once."""

    japanese = "年齢区分は一度ずつ数えてください。"


class NeedComputed(Refusal):
    """The children's needs follow from counts and unit prices, and are not stated."""

    japanese = "児童の生活に要する経費は人数と保護単価から計算され、述べるものではありません。"


class ResourceUnknown(Invalid):
    """A home needs what the catalogue of resources names."""

    japanese = "この資源区分は目録にありません。"


class HorizonOutOfReach(Invalid):
    """Needs are stated through a month from the opening on, at most 360 months."""

    japanese = "必要量を述べる最後の月は、開設の月から360か月以内です。"


# --- State


@dataclass(frozen=True, slots=True)
class Home:
    registered: HomeRegistered | None = None
    capacities: Mapping[date, int] = field(default_factory=dict)
    counts: Mapping[date, Counts] = field(default_factory=dict)
    monthly: Mapping[str, Mapping[Month, int]] = field(default_factory=dict)
    """By resource: what is needed each month, from a month on."""
    closed_on: date | None = None

    @property
    def opens_on(self) -> date:
        return date.max if self.registered is None else self.registered.opens_on

    @property
    def home_operator_id(self) -> str | None:
        return None if self.registered is None else self.registered.home_operator_id

    @property
    def needs_through(self) -> Month | None:
        return None if self.registered is None else self.registered.needs_through

    def capacity_on(self, day: date) -> int:
        return holding_at(self.capacities, day, before_all=0)

    def counts_on(self, day: date) -> Counts:
        return holding_at(self.counts, day, before_all={})

    def crowded_on(self) -> date | None:
        """The first day on which more children live there than it has places for."""
        for day in sorted({*self.capacities, *self.counts}):
            if sum(self.counts_on(day).values()) > self.capacity_on(day):
                return day
        return None


def evolve(home: Home, event: HomeFact) -> Home:
    match event:
        case HomeRegistered():
            return replace(home, registered=event, capacities={event.opens_on: event.capacity})
        case CapacityChanged():
            return replace(home, capacities={**home.capacities, event.from_day: event.capacity})
        case ChildrenCounted():
            return replace(home, counts={**home.counts, event.from_day: _counts(event.counts)})
        case MonthlyNeedStated():
            known = home.monthly.get(event.resource, {})
            stated = {**known, event.from_month: event.quantity}
            return replace(home, monthly={**home.monthly, event.resource: stated})
        case HomeClosed():
            return replace(home, closed_on=event.closed_on)
        case _:
            assert_never(event)


def _counts(counts: Sequence[BandCount]) -> Counts:
    return {count.age_band: count.children for count in counts if count.children > 0}


# --- Decisions


def decide(command: Command, home: Home) -> Sequence[HomeFact]:
    if isinstance(command, RegisterHome):
        return _register(command, home)
    if home.registered is None:
        raise HomeUnknown
    events = _change(command, home, home.registered)
    told = [event for event in events if evolve(home, event) != home]
    crowded_on = HOME.fold(told, onto=home).crowded_on()
    if crowded_on is not None:
        raise ChildrenBeyondCapacity(crowded_on.isoformat())
    return told


def _register(command: RegisterHome, home: Home) -> Sequence[HomeFact]:
    _refuse_capacity_outside_rule(command.capacity, command.opens_on, command.rules)
    if command.needs_through is not None:
        opening = month_of(command.opens_on)
        if not opening <= command.needs_through < add_months(opening, NEEDS_MONTHS_MAX):
            raise HorizonOutOfReach(command.needs_through)
    registered = HomeRegistered(
        home_id=command.home_id,
        prefecture_code=command.prefecture_code,
        home_operator_kind=command.home_operator_kind,
        home_operator_id=command.home_operator_id,
        capacity=command.capacity,
        opens_on=command.opens_on,
        needs_through=command.needs_through,
    )
    if home.registered is None:
        return [registered]
    if home.registered == registered:
        return []
    raise HomeKnown(command.home_id)


def _change(command: Change, home: Home, registered: HomeRegistered) -> Sequence[HomeFact]:
    home_id = registered.home_id
    match command:
        case ChangeCapacity():
            _refuse_outside(command.from_day, home, registered)
            _refuse_capacity_outside_rule(command.capacity, command.from_day, command.rules)
            return [
                CapacityChanged(
                    home_id=home_id, capacity=command.capacity, from_day=command.from_day
                )
            ]
        case CountChildren():
            _refuse_outside(command.from_day, home, registered)
            if len({count.age_band for count in command.counts}) < len(command.counts):
                raise BandCountedTwice
            counts = tuple(command.counts)
            return [ChildrenCounted(home_id=home_id, from_day=command.from_day, counts=counts)]
        case StateMonthlyNeed():
            return [_stated(command, home, registered)]
        case CloseHome():
            if command.closed_on < registered.opens_on:
                raise BeforeOpening(registered.opens_on.isoformat())
            return [HomeClosed(home_id=home_id, closed_on=command.closed_on)]
        case _:
            assert_never(command)


def _stated(
    command: StateMonthlyNeed, home: Home, registered: HomeRegistered
) -> MonthlyNeedStated:
    if command.resource == CHILDREN_NEEDS:
        raise NeedComputed(command.resource)
    if command.resource not in CATALOGUE:
        raise ResourceUnknown(command.resource)
    if home.closed_on is not None and command.from_month > month_of(home.closed_on):
        raise AfterClosing(home.closed_on.isoformat())
    return MonthlyNeedStated(
        home_id=registered.home_id,
        resource=command.resource,
        from_month=command.from_month,
        quantity=command.quantity,
    )


def _refuse_outside(day: date, home: Home, registered: HomeRegistered) -> None:
    if day < registered.opens_on:
        raise BeforeOpening(registered.opens_on.isoformat())
    if home.closed_on is not None and day > home.closed_on:
        raise AfterClosing(home.closed_on.isoformat())


def _refuse_capacity_outside_rule(capacity: int, day: date, rules: Rules) -> None:
    allowed = rules.on(CAPACITY, day)
    if capacity not in allowed:
        raise CapacityOutsideRule(CAPACITY.name, f"allowed: {', '.join(map(str, allowed))}")


HOME: Final[Decider[Command, Home, HomeFact]] = Decider(decide, evolve, initial=Home())
HOMES: Final = Aggregate(HomeRegistered.category, HOME)
