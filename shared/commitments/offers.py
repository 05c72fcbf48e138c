"""What an organisation answers to a home's ask: an offer, taken back or kept, or no. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal, TypeAlias, assert_never

from shared.calendar import add_months
from shared.commitments.commands import HomeStatus, refuse_unless_open
from shared.contracts.commitment import (
    AskDeclined,
    DeclineCode,
    MonthQuantity,
    Offered,
    OfferKept,
    OfferTakenBack,
)
from shared.contracts.event import Month
from shared.contracts.organisations import Sector
from shared.decider import Aggregate, Decider
from shared.refusal import Invalid, NotFound, Refusal

MONTHS_MAX: Final = 120

OfferFact: TypeAlias = Offered | OfferTakenBack | OfferKept


@dataclass(frozen=True, slots=True)
class Ask:
    """An ask of a home, as far as the homes' events have told."""

    ask_id: str
    home_id: str
    resource: str
    asked: frozenset[str]
    """Sectors."""
    months: Mapping[Month, int]
    """What stands open; nothing any more once the ask is closed."""


# --- Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeOffer:
    offer_id: str
    organisation_id: str
    ask: Ask | None
    sector: Sector
    months: Mapping[Month, int] | None
    """None: all that stands open."""
    notice_months: int
    lapse_days: int | None
    offered_on: date
    home_status: HomeStatus


@dataclass(frozen=True, slots=True)
class TakeOfferBack:
    pass


@dataclass(frozen=True, slots=True)
class KeepOffer:
    """The home has accepted."""

    home_status: HomeStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineAsk:
    decline_id: str
    organisation_id: str
    ask: Ask | None
    reason_code: DeclineCode


OfferCommand: TypeAlias = MakeOffer | TakeOfferBack | KeepOffer

# --- Refusals


class AskUnknown(NotFound):
    """Nothing is asked of your sector under this id."""


class AskCovered(Refusal):
    """Nothing of this ask stands open any more."""

    japanese = "この募集には、もう未充足がありません。"


class OfferOfNothing(Invalid):
    """An offer names months, at most 120 and each once, and units of each."""

    japanese = "申し出には、月を一度ずつ、最大120か月、それぞれの量とともに示してください。"


class OfferUnknown(NotFound):
    """You have made no offer under this id."""


class OfferPromised(Refusal):
    """The home has accepted this offer: it is a promise now, and ends by notice."""

    japanese = "この申し出はホームが受諾しました。いまは約束であり、解約予告によって終わります。"


# --- Offers: one stream each


@dataclass(frozen=True, slots=True)
class Offer:
    made: Offered | None = None
    ended: Literal["kept", "taken_back"] | None = None


@dataclass(frozen=True, slots=True)
class OfferWords:
    """The names that one service gives to offers."""

    offered: type[Offered]
    taken_back: type[OfferTakenBack]
    kept: type[OfferKept]
    declined: type[AskDeclined]

    def offers(self) -> Aggregate[OfferCommand, Offer, OfferFact]:
        def decide(command: OfferCommand, offer: Offer) -> Sequence[OfferFact]:
            match command:
                case MakeOffer():
                    return [_make(self, command)]
                case TakeOfferBack():
                    return _take_back(self, offer)
                case KeepOffer():
                    return _keep(self, command, offer)
                case _:
                    assert_never(command)

        return Aggregate(Offered.category, Decider(decide, evolve, initial=Offer()))

    def declines(self) -> Aggregate[DeclineAsk, None, AskDeclined]:
        def decide(command: DeclineAsk, _: None) -> Sequence[AskDeclined]:
            ask = standing(command.ask)
            return [
                self.declined(
                    home_id=ask.home_id,
                    ask_id=ask.ask_id,
                    organisation_id=command.organisation_id,
                    decline_id=command.decline_id,
                    reason_code=command.reason_code,
                )
            ]

        def unchanged(_: None, _event: AskDeclined) -> None:
            return None

        return Aggregate(AskDeclined.category, Decider(decide, unchanged, initial=None))


def evolve(offer: Offer, event: OfferFact) -> Offer:
    match event:
        case Offered():
            return replace(offer, made=event)
        case OfferTakenBack():
            return replace(offer, ended="taken_back")
        case OfferKept():
            return replace(offer, ended="kept")
        case _:
            assert_never(event)


def standing(ask: Ask | None) -> Ask:
    if ask is None:
        raise AskUnknown
    if not ask.months:
        raise AskCovered
    return ask


def _make(words: OfferWords, command: MakeOffer) -> Offered:
    if command.ask is not None:
        refuse_unless_open(command.home_status)
    ask = standing(command.ask)
    months = ask.months if command.months is None else command.months
    if not 0 < len(months) <= MONTHS_MAX or min(months.values()) <= 0:
        raise OfferOfNothing
    return words.offered(
        home_id=ask.home_id,
        ask_id=ask.ask_id,
        organisation_id=command.organisation_id,
        offer_id=command.offer_id,
        sector=command.sector,
        resource=ask.resource,
        months=tuple(MonthQuantity(month=m, quantity=q) for m, q in sorted(months.items())),
        notice_months=command.notice_months,
        lapse_days=command.lapse_days,
        offered_on=command.offered_on,
    )


def _take_back(words: OfferWords, offer: Offer) -> Sequence[OfferTakenBack]:
    if offer.made is None:
        raise OfferUnknown
    if offer.ended == "kept":
        raise OfferPromised
    return [] if offer.ended == "taken_back" else [words.taken_back(**_names(offer.made))]


def _keep(words: OfferWords, command: KeepOffer, offer: Offer) -> Sequence[OfferFact]:
    """An offer that was taken back meanwhile promises nothing: the gap stays, and is seen."""
    if offer.made is None or offer.ended is not None:
        return []
    if command.home_status != "open":
        return [words.taken_back(**_names(offer.made))]
    return [words.kept(**_names(offer.made))]


def _names(made: Offered) -> dict[str, Any]:
    names = ("home_id", "ask_id", "organisation_id", "offer_id")
    return {name: getattr(made, name) for name in names}


def runs(months: Mapping[Month, int]) -> Iterator[tuple[Month, Month, int]]:
    """Months in a row of which the same is accepted: the first, the last, and how much."""
    first = last = None
    for month, quantity in sorted(months.items()):
        if first is not None and last is not None:
            if month == add_months(last, 1) and quantity == months[first]:
                last = month
                continue
            yield first, last, months[first]
        first = last = month
    if first is not None and last is not None:
        yield first, last, months[first]
