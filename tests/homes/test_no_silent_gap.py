"""Whatever is told in whatever order: every open unit is asked for, and told of in time."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given as for_all
from hypothesis import strategies as st

from services.homes.domain.asking import ASKING, AcceptOffer, Attend, HearTakenBack, Offer
from services.homes.domain.asks import AskFact, Asks
from services.homes.domain.rules import ESCALATION_DAYS
from services.homes.repository import read_rules
from services.rent_sponsorship.domain import OFFERS, RENT_AGREEMENT
from shared.calendar import first_day, months_through
from shared.commitments.commands import Agree, Promise, Withdraw
from shared.commitments.offers import Ask as AskHeard
from shared.commitments.offers import KeepOffer, MakeOffer, TakeOfferBack, runs
from shared.contracts.commitment import CommitmentFact, MonthQuantity, Offered, OfferKept
from shared.contracts.event import Month
from shared.contracts.homes import AskAmended, AskOpened, OfferAccepted
from shared.contracts.resources import CAREGIVING, RENT
from shared.refusal import Refusal
from tests.support.cells import cells

RULES = read_rules()
MONTHS = tuple(months_through("2012-01", "2012-06"))
START = date(2011, 9, 1)
NEEDED = 100
DECIDER = RENT_AGREEMENT.decider()

Open = Mapping[str, Mapping[Month, int]]


def attend(open_: Open, today: date, asks: Asks) -> Sequence[AskFact]:
    return ASKING.decide(
        Attend(
            home_id="h",
            prefecture_code="14",
            standing_open=open_,
            ask_ids={resource: f"{resource}-{len(asks.all)}" for resource in open_},
            today=today,
            rules=RULES,
        ),
        asks,
    )


def asked(asks: Asks) -> dict[str, dict[Month, int]]:
    """Every unit of every ask that is open."""
    found: dict[str, dict[Month, int]] = {}
    for ask in asks.all.values():
        if ask.closed_on is None:
            assert ask.opened.resource not in found, "two open asks for one resource"
            found[ask.opened.resource] = dict(ask.months)
    return found


def is_whole(asks: Asks, open_: Open, today: date) -> None:
    """Each open unit is in exactly one open ask, and what comes near has been escalated."""
    positive = {
        resource: {month: quantity for month, quantity in months.items() if quantity > 0}
        for resource, months in open_.items()
    }
    assert asked(asks) == {resource: months for resource, months in positive.items() if months}
    near = today + timedelta(days=RULES.on(ESCALATION_DAYS, today))
    for ask in asks.all.values():
        if ask.closed_on is None and first_day(min(ask.months)) <= near:
            assert ask.escalated_on is not None
            assert ask.escalated_on <= today


# --- Shortfalls, however they are told

SHORTFALLS = st.lists(
    st.tuples(
        st.sampled_from([RENT, CAREGIVING]),
        st.sampled_from(MONTHS),
        st.integers(0, 3),
        st.integers(0, 40),
    ),
    max_size=40,
)


@for_all(SHORTFALLS)
def test_every_open_unit_is_in_exactly_one_ask_with_its_right_quantity(
    told: list[tuple[str, Month, int, int]],
) -> None:
    asks, today = ASKING.initial, START
    open_: dict[str, dict[Month, int]] = {RENT: {}, CAREGIVING: {}}
    for resource, month, quantity, days in told:
        open_[resource][month] = quantity
        today += timedelta(days=days)
        said = attend(open_, today, asks)
        asks = ASKING.fold(said, onto=asks)
        is_whole(asks, open_, today)
        stating = [one for one in said if isinstance(one, AskOpened | AskAmended)]
        assert len(stating) <= 1, "one change of one cell is said once"
        assert attend(open_, today, asks) == [], "nothing is said twice"
        gaps = [a.opened.gap for a in asks.all.values() if a.opened.resource == resource]
        assert gaps == list(range(1, len(gaps) + 1))


# --- Notices, offers and acceptances, in any order


@dataclass
class Village:
    """One home's rent: sponsors who promise, offer and withdraw, and what each has heard."""

    today: date = START
    commitments: dict[str, list[CommitmentFact]] = field(default_factory=dict)
    offers: dict[str, list[Any]] = field(default_factory=dict)
    asks: Asks = ASKING.initial
    acceptances: list[OfferAccepted] = field(default_factory=list)
    """That their sponsors have not heard of yet."""

    def open(self) -> dict[Month, int]:
        events = [event for life in self.commitments.values() for event in life]
        moved = cells(events)
        return {month: NEEDED + moved[RENT, month, "open"] for month in MONTHS}

    def attends(self) -> None:
        said = attend({RENT: self.open()}, self.today, self.asks)
        self.asks = ASKING.fold(said, onto=self.asks)

    def acts(self, commitment_id: str, command: Any) -> None:  # noqa: ANN401  any command
        life = self.commitments.setdefault(commitment_id, [])
        life += DECIDER.decide(command, DECIDER.fold(life))

    def agrees(self, commitment_id: str, notice_months: int) -> None:
        self.acts(
            commitment_id,
            Agree(
                commitment_id=commitment_id,
                home_id="h",
                organisation_id="o",
                resource=RENT,
                agreed_on=START,
                notice_months=notice_months,
                lapse_days=None,
                home_status="open",
            ),
        )

    def promises(self, commitment_id: str, first: Month, last: Month, quantity: int) -> None:
        self.acts(
            commitment_id,
            Promise(
                from_month=first,
                through_month=last,
                quantity=quantity,
                beyond_need=True,
                home_status="open",
            ),
        )

    def hears_acceptance(self) -> None:
        """The sponsor's service keeps the offer, in one transaction; or it was taken back."""
        if not self.acceptances:
            return
        accepted = self.acceptances.pop(0)
        life = self.offers[accepted.offer_id]
        decider = OFFERS.offers().decider
        said = decider.decide(KeepOffer("open"), decider.fold(life))
        life += said
        if any(isinstance(one, OfferKept) for one in said):
            self.agrees(accepted.offer_id, 1)
            months = {one.month: one.quantity for one in accepted.months}
            for first, last, quantity in runs(months):
                self.promises(accepted.offer_id, first, last, quantity)


Act = Callable[[Village], None]

MONTH = st.sampled_from(MONTHS)
UNITS = st.integers(1, 120)
NAMES = st.sampled_from(["c", "d", "e"])


def days_pass(days: int) -> Act:
    def act(village: Village) -> None:
        for _ in range(days):
            village.today += timedelta(days=1)
            village.attends()

    return act


def promise(name: str, first: Month, last: Month, quantity: int) -> Act:
    def act(village: Village) -> None:
        village.agrees(name, 2)
        village.promises(name, first, last, quantity)

    return act


def withdraw(name: str) -> Act:
    return lambda village: village.acts(name, Withdraw(notice_on=village.today))


def offer(name: str, months: Mapping[Month, int] | None) -> Act:
    def act(village: Village) -> None:
        ask = village.asks.open_for(RENT)
        heard = None
        if ask is not None:
            heard = AskHeard(
                ask_id=ask.opened.ask_id,
                home_id="h",
                resource=RENT,
                asked=frozenset(ask.asked),
                months=ask.months,
            )
        command = MakeOffer(
            offer_id=f"{name}-{len(village.offers)}",
            organisation_id=name,
            ask=heard,
            sector="company",
            months=months,
            notice_months=1,
            lapse_days=None,
            offered_on=village.today,
            home_status="open",
        )
        decider = OFFERS.offers().decider
        village.offers[command.offer_id] = [*decider.decide(command, decider.initial)]

    return act


def _of(village: Village, place: int) -> tuple[Offered, Offer]:
    made = village.offers[sorted(village.offers)[place % len(village.offers)]][0]
    assert isinstance(made, Offered)
    months = {one.month: one.quantity for one in made.months}
    heard = Offer(
        offer_id=made.offer_id,
        ask_id=made.ask_id,
        organisation_id=made.organisation_id,
        sector=made.sector,
        months=months,
    )
    return made, heard


def accept(place: int, share: int) -> Act:
    def act(village: Village) -> None:
        if not village.offers:
            return
        made, heard = _of(village, place)
        ask = village.asks.all[made.ask_id]
        months = {
            month: min(quantity, ask.acceptable(month, village.today)) * share // 2
            for month, quantity in heard.months.items()
        }
        command = AcceptOffer(
            home_id="h",
            ask_id=made.ask_id,
            offer=heard,
            months=months,
            accepted_by="operator",
            today=village.today,
        )
        said = ASKING.decide(command, village.asks)
        for accepted in said:
            assert isinstance(accepted, OfferAccepted)
            stands_open = village.open()
            for one in accepted.months:
                assert one.quantity <= stands_open[one.month], "never more than stands open"
        village.asks = ASKING.fold(said, onto=village.asks)
        village.acceptances += said  # type: ignore[arg-type]  # as asserted

    return act


def take_back(place: int) -> Act:
    def act(village: Village) -> None:
        if not village.offers:
            return
        made, heard = _of(village, place)
        life = village.offers[made.offer_id]
        decider = OFFERS.offers().decider
        said = decider.decide(TakeOfferBack(), decider.fold(life))
        life += said
        if said:
            gone = replace(heard, taken_back=True)
            told = HearTakenBack(home_id="h", ask_id=made.ask_id, offer=gone)
            village.asks = ASKING.fold(ASKING.decide(told, village.asks), onto=village.asks)

    return act


ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(days_pass, st.integers(1, 45)),
    st.builds(promise, NAMES, MONTH, MONTH, UNITS),
    st.builds(withdraw, NAMES),
    st.builds(offer, NAMES, st.none() | st.dictionaries(MONTH, UNITS, min_size=1)),
    st.builds(accept, st.integers(0, 9), st.integers(1, 2)),
    st.builds(take_back, st.integers(0, 9)),
    st.just(Village.hears_acceptance),
)


@for_all(st.lists(ACTS, max_size=30))
def test_there_is_no_silent_gap(acts: list[Act]) -> None:
    village = Village()
    village.attends()
    for act in acts:
        with suppress(Refusal):
            act(village)
        village.attends()
        is_whole(village.asks, {RENT: village.open()}, village.today)


@for_all(st.lists(ACTS, max_size=30))
def test_what_was_taken_back_in_time_is_never_promised(acts: list[Act]) -> None:
    village = Village()
    for act in acts:
        village.attends()
        with suppress(Refusal):
            act(village)
    decider = OFFERS.offers().decider
    for offer_id, life in village.offers.items():
        assert len(life) <= 2, "an offer ends once"
        is_kept = decider.fold(life).ended == "kept"
        assert is_kept == (offer_id in village.commitments)


@for_all(st.dictionaries(MONTH, st.integers(1, 3)))
def test_runs_name_each_month_once_with_its_quantity(months: dict[Month, int]) -> None:
    named = [
        MonthQuantity(month=month, quantity=quantity)
        for first, last, quantity in runs(months)
        for month in months_through(first, last)
    ]
    assert {one.month: one.quantity for one in named} == months
    assert len(named) == len(months)
