"""What a home asks for, whom, when the governments are told, and what it takes of offers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from typing import Final, Literal, TypeAlias, TypedDict, assert_never

from services.homes.domain.asks import Ask, AskFact, Asks, Quantities, evolve
from services.homes.domain.rules import COVERING, ESCALATION_DAYS, WIDENING_DAYS, Rules
from shared.calendar import first_day
from shared.contracts.commitment import MonthQuantity
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
from shared.decider import Aggregate, Decider
from shared.refusal import Invalid, NotFound, Refusal

Declining: TypeAlias = Literal["not_needed", "another_preferred", "terms"]

# --- Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Attend:
    """See to a home's asks: whenever the ledger has told something, a day begins, or one declines.

    Said again, it changes nothing.
    """

    home_id: str
    prefecture_code: str
    standing_open: Mapping[str, Quantities]
    """By resource: all that nobody has promised, as the ledger has told."""
    ask_ids: Mapping[str, str]
    """By resource: the id of the ask that may have to be opened."""
    organisations: Mapping[Sector, frozenset[str]] = field(default_factory=dict)
    """Who acts in each sector."""
    declined: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By ask: who has declined."""
    today: date
    rules: Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer as far as its owner's events have told."""

    offer_id: str
    ask_id: str
    organisation_id: str
    sector: Sector
    months: Quantities
    taken_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a home's operator says of an offer."""

    home_id: str
    ask_id: str
    offer: Offer | None
    """None: no event has told of such an offer yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptOffer(Answer):
    months: Quantities | None
    """None: all of the offer."""
    accepted_by: str
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineOffer(Answer):
    reason_code: Declining


@dataclass(frozen=True, slots=True, kw_only=True)
class HearTakenBack(Answer):
    """The offer's owner has taken it back, perhaps after the home had accepted."""


Command: TypeAlias = Attend | AcceptOffer | DeclineOffer | HearTakenBack

# --- Refusals


class AskUnknown(NotFound):
    """Nothing is asked for this home under this id."""


class AskCovered(Refusal):
    """Nothing of this ask stands open any more."""

    japanese = "この募集には、もう未充足がありません。"


class OfferUnknown(NotFound):
    """No offer to this ask is known under this id; word of it may still be on its way."""


class OfferGone(Refusal):
    """Whoever made the offer has taken it back."""

    japanese = "この申し出は取り下げられています。"


class OfferAnswered(Refusal):
    """The home has answered this offer; what it left of it can be offered anew."""

    japanese = "この申し出には、ホームがすでに答えています。残りは新たに申し出られます。"


class AcceptanceOfNothing(Invalid):
    """Of an offer, at least one unit is accepted."""

    japanese = "受諾には、申し出のうち一単位以上を示してください。"


class AcceptanceBeyondOffer(Refusal):
    """No more is accepted than was offered for the month."""

    japanese = "受諾は、その月の申し出の量を超えられません。"


class AcceptanceBeyondOpen(Refusal):
    """No more is accepted than stands open and is not on its way to be promised."""

    japanese = "受諾は、未充足で、まだ約束の途中にない量を超えられません。"


# --- Decisions


class Names(TypedDict):
    home_id: str
    ask_id: str
    resource: str


def decide(command: Command, asks: Asks) -> Sequence[AskFact]:
    match command:
        case Attend():
            return list(_attend(command, asks))
        case AcceptOffer():
            return [_accept(command, *_standing(command, asks))]
        case DeclineOffer():
            ask, offer = _standing(command, asks)
            return [_declined(_names(command.home_id, ask), offer, command.reason_code)]
        case HearTakenBack():
            return _hear_taken_back(command, asks)
        case _:
            assert_never(command)


def _attend(command: Attend, asks: Asks) -> Iterator[AskFact]:
    for resource in sorted({*asks.open, *command.standing_open}):
        # Each step is decided on what the one before has brought about.
        for step in (_state, _widen, _escalate):
            for event in step(command, resource, asks):
                asks = evolve(asks, event)
                yield event


def _state(command: Attend, resource: str, asks: Asks) -> Iterator[AskFact]:
    """Ask for what stands open: anew where nothing was, less or more, or nothing any more."""
    ask = asks.open_for(resource)
    months = {m: q for m, q in command.standing_open.get(resource, {}).items() if q > 0}
    if ask is None:
        if months:
            yield AskOpened(
                home_id=command.home_id,
                ask_id=command.ask_ids[resource],
                resource=resource,
                gap=asks.gaps.get(resource, 0) + 1,
                prefecture_code=command.prefecture_code,
                months=stated(months),
                asked=_circles(command, resource)[0],
                opened_on=command.today,
            )
    elif not months:
        yield AskClosed(**_names(command.home_id, ask), closed_on=command.today)
    elif months != ask.months:
        yield AskAmended(**_names(command.home_id, ask), months=stated(months))


def _widen(command: Attend, resource: str, asks: Asks) -> Iterator[AskFact]:
    ask = asks.open_for(resource)
    if ask is None:
        return
    wider = [circle for circle in _circles(command, resource) if set(circle) > set(ask.asked)]
    days = timedelta(days=command.rules.on(WIDENING_DAYS, command.today))
    all_declined = _all_declined(command, ask)
    if wider and (all_declined or command.today >= ask.widened_on + days):
        yield AskWidened(
            **_names(command.home_id, ask),
            asked=wider[0],
            reason_code="declined" if all_declined else "days",
            widened_on=command.today,
        )


def _circles(command: Attend, resource: str) -> Sequence[tuple[Sector, ...]]:
    """Who is asked first, and all who are asked after each widening.

    A resource for which the rule names nobody is asked of nobody, and escalated all the same.
    """
    order = command.rules.on(COVERING, command.today).get(resource, ())
    return list(accumulate(order)) or [()]


def _all_declined(command: Attend, ask: Ask) -> bool:
    declined = command.declined.get(ask.opened.ask_id, frozenset())
    asked = {who for sector in ask.asked for who in command.organisations.get(sector, ())}
    return bool(declined) and asked <= declined


def _escalate(command: Attend, resource: str, asks: Asks) -> Iterator[AskFact]:
    ask = asks.open_for(resource)
    if ask is None or ask.escalated_on is not None:
        return
    first_month = min(ask.months)
    days = timedelta(days=command.rules.on(ESCALATION_DAYS, command.today))
    if first_day(first_month) - days <= command.today:
        yield AskEscalated(
            **_names(command.home_id, ask), first_month=first_month, escalated_on=command.today
        )


def _standing(command: Answer, asks: Asks) -> tuple[Ask, Offer]:
    """The ask, and an offer to it that the home may still answer."""
    ask, offer = asks.all.get(command.ask_id), command.offer
    if ask is None:
        raise AskUnknown(command.ask_id)
    if offer is None or offer.ask_id != command.ask_id:
        raise OfferUnknown
    if offer.offer_id in asks.answered:
        raise OfferAnswered(asks.answered[offer.offer_id])
    if offer.taken_back:
        raise OfferGone
    return ask, offer


def _accept(command: AcceptOffer, ask: Ask, offer: Offer) -> OfferAccepted:
    if ask.closed_on is not None:
        raise AskCovered
    given = offer.months if command.months is None else command.months
    months = {month: quantity for month, quantity in given.items() if quantity > 0}
    if not months:
        raise AcceptanceOfNothing
    for month, quantity in sorted(months.items()):
        if quantity > offer.months.get(month, 0):
            raise AcceptanceBeyondOffer(month)
        acceptable = ask.acceptable(month, command.today)
        if quantity > acceptable:
            raise AcceptanceBeyondOpen(month, acceptable)
    return OfferAccepted(
        **_names(command.home_id, ask),
        offer_id=offer.offer_id,
        organisation_id=offer.organisation_id,
        sector=offer.sector,
        months=stated(months),
        accepted_by=command.accepted_by,
        accepted_on=command.today,
    )


def _hear_taken_back(command: HearTakenBack, asks: Asks) -> Sequence[AskFact]:
    ask, offer = asks.all.get(command.ask_id), command.offer
    if ask is None or offer is None or asks.answered.get(offer.offer_id) != "accepted":
        return []
    return [_declined(_names(command.home_id, ask), offer, "taken_back")]


def _declined(
    names: Names, offer: Offer, reason_code: Declining | Literal["taken_back"]
) -> OfferDeclined:
    return OfferDeclined(
        **names,
        offer_id=offer.offer_id,
        organisation_id=offer.organisation_id,
        reason_code=reason_code,
    )


def _names(home_id: str, ask: Ask) -> Names:
    return {"home_id": home_id, "ask_id": ask.opened.ask_id, "resource": ask.opened.resource}


def stated(months: Quantities) -> tuple[MonthQuantity, ...]:
    return tuple(MonthQuantity(month=m, quantity=q) for m, q in sorted(months.items()))


ASKING: Final[Decider[Command, Asks, AskFact]] = Decider(decide, evolve, initial=Asks())
ASKS: Final = Aggregate(AskOpened.category, ASKING)
