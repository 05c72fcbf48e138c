"""The opening of a home: all that it requires in its first months is promised, or nothing is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeAlias, assert_never

from services.homes.domain.asks import RESERVED
from services.homes.domain.home import Home, HomeUnknown
from services.homes.domain.needs import Cell
from services.homes.domain.rules import OPENING_MONTHS, OPENING_REQUIRES, Rules
from shared.calendar import add_months, month_of
from shared.contracts.homes import HomeOpened, OpeningBegun, OpeningFailed, RequiredTotal
from shared.decider import Aggregate, Decider
from shared.refusal import Refusal

OpeningFact: TypeAlias = OpeningBegun | HomeOpened | OpeningFailed

# --- Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginOpening:
    home_id: str
    home: Home
    required: Mapping[Cell, int]
    """All that the home would require."""
    deadline: date
    begun_by: str
    today: date
    rules: Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeToOpening:
    """Look whether a home opens, or does not: when partners have told something, or a day begins.

    Said again, it changes nothing.
    """

    missing: Mapping[Cell, int]
    """What the home requires in its first months, and no partner has told to have promised."""
    unanswered: Mapping[Cell, int]
    """Of that, what is not on its way to be promised either."""
    refused: frozenset[str] = frozenset()
    """The resources that all who may cover them have declined."""
    today: date


Command: TypeAlias = BeginOpening | SeeToOpening

# --- Refusals


class OpeningUnderWay(Refusal):
    """The opening of a home is begun once; it has not ended yet."""

    japanese = "このホームの開設は、すでに進行中です。"


class HomeIsOpen(Refusal):
    """An opening is begun before the home is open, and before its opening day has come."""

    japanese = "このホームはすでに開設しています。"


class HomeHasClosed(Refusal):
    """A home whose last day is set does not open."""

    japanese = "このホームには閉鎖の日が定められており、開設できません。"


class DeadlineOutOfReach(Refusal):
    """Partners have from today on to answer, and the home opens after the last day to do so."""

    japanese = "回答の期限は、今日以後で、開設の日より前でなければなりません。"


class NeedUnstated(Refusal):
    """No home opens without these needs: how much of each is required must be known before."""

    japanese = "開設に欠かせない資源区分の必要量が、まだ述べられていません。"


class OpeningHasFailed(Refusal):
    """The opening of this home has failed: nothing is promised to it any more."""

    japanese = "このホームの開設は成立しませんでした。このホームには、もう何も約束できません。"


# --- State


@dataclass(frozen=True, slots=True)
class Opening:
    begun: OpeningBegun | None = None
    ended: HomeOpened | OpeningFailed | None = None

    @property
    def under_way(self) -> OpeningBegun | None:
        return self.begun if self.ended is None else None

    @property
    def has_failed(self) -> bool:
        return isinstance(self.ended, OpeningFailed)


def evolve(opening: Opening, event: OpeningFact) -> Opening:
    match event:
        case OpeningBegun():
            return Opening(begun=event)
        case HomeOpened() | OpeningFailed():
            return replace(opening, ended=event)
        case _:
            assert_never(event)


# --- Decisions


def decide(command: Command, opening: Opening) -> Sequence[OpeningFact]:
    match command:
        case BeginOpening():
            return [_begin(command, opening)]
        case SeeToOpening():
            return _see_to(command, opening)
        case _:
            assert_never(command)


def _begin(command: BeginOpening, opening: Opening) -> OpeningBegun:
    home = command.home
    if home.registered is None:
        raise HomeUnknown
    if opening.under_way is not None:
        raise OpeningUnderWay
    if opening.has_failed:
        # Whoever has not heard of the failure yet still promises for it, and releases that later:
        # a second opening could take such promises for its own, and open with none of them left.
        raise OpeningHasFailed
    if isinstance(opening.ended, HomeOpened) or home.opens_on <= command.today:
        raise HomeIsOpen
    if home.closed_on is not None:
        raise HomeHasClosed(home.closed_on.isoformat())
    if not command.today <= command.deadline < home.opens_on:
        raise DeadlineOutOfReach(home.opens_on.isoformat())
    first = month_of(home.opens_on)
    through = add_months(first, command.rules.on(OPENING_MONTHS, command.today) - 1)
    required = {
        cell: quantity
        for cell, quantity in command.required.items()
        if first <= cell[1] <= through
    }
    stated_of = {resource for resource, _ in required}
    for resource in command.rules.on(OPENING_REQUIRES, command.today):
        if resource not in stated_of:
            raise NeedUnstated(resource)
    return OpeningBegun(
        home_id=command.home_id,
        first_month=first,
        through_month=through,
        required=totals(required),
        deadline=command.deadline,
        begun_by=command.begun_by,
        begun_on=command.today,
    )


def _see_to(command: SeeToOpening, opening: Opening) -> Sequence[OpeningFact]:
    begun = opening.under_way
    if begun is None:
        return []
    if not command.missing:
        return [HomeOpened(home_id=begun.home_id, opened_on=command.today)]
    is_refused = any(resource in command.refused for resource, _ in command.unanswered)
    # What the books show, and its partner has not told, is waited for as long as what is accepted.
    until = begun.deadline if command.unanswered else begun.deadline + RESERVED
    is_over = command.today > until
    if not is_refused and not is_over:
        return []
    return [
        OpeningFailed(
            home_id=begun.home_id,
            reason_code="refused" if is_refused else "deadline",
            missing=totals(command.unanswered or command.missing),
            failed_on=command.today,
        )
    ]


def totals(cells: Mapping[Cell, int]) -> tuple[RequiredTotal, ...]:
    return tuple(
        RequiredTotal(resource=resource, month=month, quantity=quantity)
        for (resource, month), quantity in sorted(cells.items())
    )


OPENING: Final[Decider[Command, Opening, OpeningFact]] = Decider(decide, evolve, initial=Opening())
OPENINGS: Final = Aggregate(OpeningBegun.category, OPENING)
