"""In every order of answers, refusals, late answers and days a home opens whole or not at all."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.homes.domain.asking import ASKING, AcceptOffer
from services.homes.domain.opening import OpeningHasFailed
from services.rent_sponsorship.domain import OFFERS
from shared.commitments.offers import DeclineAsk, MakeOffer, TakeOfferBack
from shared.contracts.event import Month
from shared.contracts.homes import HomeOpened, OpeningFailed
from shared.contracts.resources import CAREGIVING, RENT
from shared.refusal import Refusal
from tests.homes.registered import HOME_ID, OPERATOR
from tests.homes.village_opening import (
    DEADLINE,
    MONTHS,
    NEEDED,
    OFFER,
    Service,
    Village,
)
from tests.support.cells import cells

Act = Callable[[Village], None]

RESOURCE = st.sampled_from([RENT, CAREGIVING])
FIRST: tuple[Month, ...] = MONTHS[:3]


def days_pass(days: int) -> Act:
    def act(village: Village) -> None:
        for _ in range(days):
            village.day_passes()

    return act


def offer(resource: str, part: int) -> Act:
    def act(village: Village) -> None:
        service = village.services[resource]
        for ask in list(service.asked.values())[-1:]:
            offer_id = f"{resource}-offer-{len(service.offers)}"
            command = MakeOffer(
                offer_id=offer_id,
                organisation_id=service.organisation_id,
                ask=ask,
                sector=service.sector,
                months={month: max(q // part, 1) for month, q in ask.months.items()} or None,
                notice_months=3,
                lapse_days=None,
                offered_on=village.today,
                home_status=service.status,
            )
            said = OFFER.decide(command, OFFER.initial)
            service.says(service.offers.setdefault(offer_id, []), said)

    return act


def take_back(resource: str, place: int) -> Act:
    def act(village: Village) -> None:
        service = village.services[resource]
        for life in list(service.offers.values())[place : place + 1]:
            service.says(life, OFFER.decide(TakeOfferBack(), OFFER.fold(life)))

    return act


def decline(resource: str) -> Act:
    def act(village: Village) -> None:
        service = village.services[resource]
        for ask in list(service.asked.values())[-1:]:
            command = DeclineAsk(
                decline_id=f"decline-{ask.ask_id}",
                organisation_id=service.organisation_id,
                ask=ask,
                reason_code="no_funds",
            )
            service.untold += OFFERS.declines().decider.decide(command, None)

    return act


def accept(place: int) -> Act:
    def act(village: Village) -> None:
        if village.opening.has_failed:
            raise OpeningHasFailed
        for heard in list(village.offers.values())[place : place + 1]:
            ask = village.asks.all[heard.ask_id]
            command = AcceptOffer(
                home_id=HOME_ID,
                ask_id=heard.ask_id,
                offer=heard,
                months={
                    month: min(quantity, ask.acceptable(month, village.today))
                    for month, quantity in heard.months.items()
                },
                accepted_by=OPERATOR,
                today=village.today,
            )
            village.decides(ASKING.decide(command, village.asks))

    return act


def promise(resource: str, quantity: int) -> Act:
    """Agree and promise directly, without having been asked."""

    def act(village: Village) -> None:
        service = village.services[resource]
        # One more each time: to promise less is to withdraw, and leaves a gap like any other.
        commitment_id = f"{resource}-direct-{len(service.commitments)}"
        service.agrees(commitment_id)
        service.promises(commitment_id, MONTHS[0], MONTHS[-1], quantity)

    return act


def hears(resource: str, times: int) -> Act:
    def act(village: Village) -> None:
        for _ in range(times):
            village.services[resource].hears()

    return act


def is_heard(resource: str, times: int) -> Act:
    def act(village: Village) -> None:
        for _ in range(times):
            village.hears(village.services[resource])

    return act


ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(days_pass, st.integers(1, 4)),
    st.builds(offer, RESOURCE, st.integers(1, 3)),
    st.builds(take_back, RESOURCE, st.integers(0, 2)),
    st.builds(decline, RESOURCE),
    st.builds(accept, st.integers(0, 3)),
    st.builds(promise, RESOURCE, st.sampled_from([NEEDED // 2, NEEDED])),
    st.builds(hears, RESOURCE, st.integers(1, 9)),
    st.builds(is_heard, RESOURCE, st.integers(1, 9)),
    st.just(Village.ledger_tells),
    st.just(Village.settles),
)


def begun() -> Village:
    village = Village()
    village.begins()
    return village


def covers(village: Village, resource: str) -> bool:
    promised = village.promised()
    return all(promised.get((resource, month), 0) >= NEEDED for month in FIRST)


def tries(village: Village, act: Act) -> None:
    with suppress(Refusal):
        act(village)
    opened = isinstance(village.opening.ended, HomeOpened)
    assert not opened or (covers(village, RENT) and covers(village, CAREGIVING))


def ends(village: Village) -> None:
    """All is heard, and the deadline passes, with a day for what is on its way."""
    village.settles()
    while village.opening.under_way is not None:
        assert village.today <= village.opening.under_way.deadline + timedelta(days=2)
        village.day_passes()
    village.settles()


@for_all(st.lists(ACTS, max_size=40))
def test_a_home_is_open_and_covered_or_nothing_is_promised_to_it(acts: list[Act]) -> None:
    village = begun()
    for act in acts:
        tries(village, act)
    ends(village)
    if isinstance(village.opening.ended, OpeningFailed):
        nothing_stands(village)
    else:
        assert covers(village, RENT)
        assert covers(village, CAREGIVING)


@for_all(st.lists(ACTS, max_size=20), st.lists(ACTS, max_size=20))
def test_what_comes_after_an_opening_has_failed_leaves_nothing(
    before: list[Act], after: list[Act]
) -> None:
    village = begun()
    for act in before:
        tries(village, act)
    ends(village)
    for act in after:
        tries(village, act)
    village.settles()
    if isinstance(village.opening.ended, OpeningFailed):
        nothing_stands(village)


def nothing_stands(village: Village) -> None:
    """Nothing is promised, required, open or asked for, by anybody's own events."""
    assert village.promised() == {}
    told = [e for s in village.services.values() for life in s.commitments.values() for e in life]
    moved = cells([*village.own, *told])
    assert {cell: quantity for cell, quantity in moved.items() if quantity} == {}
    assert village.asks.open == {}


@pytest.mark.parametrize("late", ["offer", "agreement", "acceptance"])
def test_a_late_answer_is_refused_by_name(late: str) -> None:
    village = begun()
    village.ledger_tells()
    village.settles()
    offer(RENT, 1)(village)
    village.settles()
    days_pass((DEADLINE - village.today).days + 1)(village)
    assert isinstance(village.opening.ended, OpeningFailed)
    if late == "acceptance":
        with pytest.raises(OpeningHasFailed):
            accept(0)(village)
        return
    village.settles()
    act = offer(RENT, 1) if late == "offer" else promise(RENT, NEEDED)
    with pytest.raises(Refusal) as refused:
        act(village)
    assert refused.value.rule() == "opening-has-failed"
    nothing_stands(village)


def test_the_worst_of_orders_leaves_nothing_either() -> None:
    """Accepted before, heard after: the promise is made, and released by what is heard next."""
    village = begun()
    village.ledger_tells()
    village.settles()
    offer(RENT, 1)(village)
    village.settles()
    service: Service = village.services[RENT]
    accept(0)(village)
    days_pass((DEADLINE - village.today).days + 3)(village)
    assert isinstance(village.opening.ended, OpeningFailed)
    hears(RENT, 1)(village)
    assert village.promised() != {}
    assert service.status == "open"
    village.settles()
    nothing_stands(village)
