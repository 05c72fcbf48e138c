"""Moments of knowledge: by when something was booked, and when that is certain. Pure."""

from dataclasses import dataclass
from datetime import date, datetime

from shared.refusal import Invalid, Refusal


class MomentsMixed(Invalid):
    """One asks for what was known at an instant, or on a business date, not for both."""

    japanese = "既知時点は、時刻か業務日付のどちらか一方で示します。"


class BetweenUnclear(Invalid):
    """Between what and what is said by two instants with their zones, or two business dates."""

    japanese = "期間は、時差付きの時刻二つ、または業務日付二つで示します。"


class BetweenTurnedRound(Invalid):
    """The earlier moment comes first."""

    japanese = "先の時点を先に示してください。"


class MomentNotPassed(Refusal):
    """What is known at an instant is certain once that instant has passed."""

    japanese = "ある時刻に知られていたことは、その時刻が過ぎてから確定します。"


class DayNotPassed(Refusal):
    """What is known on a business date is certain once a later one has begun."""

    japanese = "ある業務日付に知られていたことは、次の日付が始まってから確定します。"


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant, or the end of a business date: one of them."""

    at: datetime | None = None
    on: date | None = None


def in_order(earlier: Moment, later: Moment) -> tuple[Moment, Moment]:
    """Two moments of one kind, the earlier first; anything else is refused."""
    match earlier, later:
        case Moment(at=datetime() as first), Moment(at=datetime() as second):
            turned_round = first > second
        case Moment(on=date() as first_day), Moment(on=date() as second_day):
            turned_round = first_day > second_day
        case _:
            raise BetweenUnclear
    if turned_round:
        raise BetweenTurnedRound
    return earlier, later


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is, and before when nothing more is booked for a home."""

    now: datetime
    today: date
    settled_at: datetime | None
    settled_on: date | None

    def settles(self, moment: Moment) -> bool:
        """Whether all that can be on the books by a moment is on them, and committed."""
        if moment.at is not None and (self.settled_at is None or moment.at >= self.settled_at):
            return False
        return moment.on is None or (self.settled_on is not None and moment.on < self.settled_on)

    def must_have_passed(self, moment: Moment) -> None:
        if moment.at is not None and moment.at >= self.now:
            raise MomentNotPassed(self.now.isoformat())
        if moment.on is not None and moment.on >= self.today:
            raise DayNotPassed(self.today.isoformat())
