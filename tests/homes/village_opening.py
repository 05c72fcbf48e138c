"""A home that is to open, two partners' services, and what each has heard of the others yet."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final

from services.homes.domain import covering
from services.homes.domain.asking import ASKING, Attend, HearTakenBack, Offer
from services.homes.domain.asks import Asks
from services.homes.domain.needs import NEED, Cell, Need, RestateNeeds
from services.homes.domain.opening import OPENING, BeginOpening, Opening, SeeToOpening
from services.homes.repository import read_rules
from services.rent_sponsorship.domain import OFFERS, RENT_AGREEMENT
from shared.commitments.commands import Agree, HomeStatus, Promise, Release
from shared.commitments.offers import Ask as AskHeard
from shared.commitments.offers import KeepOffer, runs
from shared.contracts.commitment import (
    AskDeclined,
    CommitmentFact,
    Offered,
    OfferKept,
    OfferTakenBack,
)
from shared.contracts.event import Event, Month
from shared.contracts.homes import (
    AskAmended,
    AskClosed,
    AskOpened,
    OfferAccepted,
    OpeningFailed,
)
from shared.contracts.organisations import Sector
from shared.contracts.resources import CAREGIVING, CHILDREN_NEEDS, RENT
from tests.homes.registered import HOME_ID, OPERATOR, home
from tests.support.cells import cells

RULES: Final = read_rules()
BEGUN, DEADLINE = date(2011, 6, 1), date(2011, 6, 10)
MONTHS: Final = ("2011-08", "2011-09", "2011-10", "2011-11")
SECTORS: Final[Mapping[str, Sector]] = {RENT: "company", CAREGIVING: "nonprofit"}
NEEDED: Final = 100
REQUIRED: Final = {
    **{(resource, month): NEEDED for resource in SECTORS for month in MONTHS},
    # Promised before all else: no home opens without it.
    (CHILDREN_NEEDS, "2011-08"): 1,
}
AGREEMENTS, OFFER = RENT_AGREEMENT.decider(), OFFERS.offers().decider


@dataclass
class Service:
    """A partner's service: what is promised there, and what it has heard of the home."""

    resource: str
    sector: Sector
    organisation_id: str
    status: HomeStatus = "open"
    asked: dict[str, AskHeard] = field(default_factory=dict)
    offers: dict[str, list[Any]] = field(default_factory=dict)
    commitments: dict[str, list[CommitmentFact]] = field(default_factory=dict)
    unheard: list[Event] = field(default_factory=list)
    """What the home has told, in its order."""
    untold: list[Event] = field(default_factory=list)
    """What it has told itself, that the home has not heard."""

    def says(self, life: list[Any], events: Sequence[Any]) -> None:
        life += events
        self.untold += events

    def acts(self, commitment_id: str, command: Any) -> None:  # noqa: ANN401  any command
        life = self.commitments.get(commitment_id, [])
        events = AGREEMENTS.decide(command, AGREEMENTS.fold(life))
        self.says(self.commitments.setdefault(commitment_id, life), events)

    def agrees(self, commitment_id: str) -> None:
        self.acts(
            commitment_id,
            Agree(
                commitment_id=commitment_id,
                home_id=HOME_ID,
                organisation_id=self.organisation_id,
                resource=self.resource,
                agreed_on=BEGUN,
                notice_months=3,
                lapse_days=None,
                home_status=self.status,
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
                home_status=self.status,
            ),
        )

    def hears(self) -> None:
        """Take in the next that the home has told, as the ask desk does."""
        if not self.unheard:
            return
        match self.unheard.pop(0):
            case AskOpened() as one if one.resource == self.resource:
                months = {each.month: each.quantity for each in one.months}
                asked = frozenset({self.sector})
                self.asked[one.ask_id] = AskHeard(
                    one.ask_id, HOME_ID, self.resource, asked, months
                )
            case AskAmended() | AskClosed() as one if one.ask_id in self.asked:
                of_it = one.months if isinstance(one, AskAmended) else ()
                months = {each.month: each.quantity for each in of_it}
                self.asked[one.ask_id] = replace(self.asked[one.ask_id], months=months)
            case OfferAccepted() as one if one.offer_id in self.offers:
                self._keeps(one)
            case OpeningFailed() as one:
                self.status = "opening_failed"
                for commitment_id in list(self.commitments):
                    self.acts(commitment_id, Release(released_on=one.failed_on))
            case _:
                pass

    def _keeps(self, accepted: OfferAccepted) -> None:
        life = self.offers[accepted.offer_id]
        said = OFFER.decide(KeepOffer(self.status), OFFER.fold(life))
        self.says(life, said)
        if any(isinstance(one, OfferKept) for one in said):
            self.agrees(accepted.offer_id)
            months = {one.month: one.quantity for one in accepted.months}
            for first, last, quantity in runs(months):
                self.promises(accepted.offer_id, first, last, quantity)


@dataclass
class Village:
    """The register of homes, and the two services."""

    today: date = BEGUN
    opening: Opening = OPENING.initial
    need: Need = NEED.initial
    asks: Asks = ASKING.initial
    services: dict[str, Service] = field(default_factory=dict)
    own: list[Event] = field(default_factory=list)
    provided: Counter[Cell] = field(default_factory=Counter)
    shortfalls: dict[str, dict[Month, int]] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    declined: dict[str, set[str]] = field(default_factory=dict)

    def begins(self) -> None:
        for resource, sector in SECTORS.items():
            self.services[resource] = Service(resource, sector, f"of-{resource}")
        self.provided[CHILDREN_NEEDS, "2011-08"] = 1
        self.tries_to_open(DEADLINE)

    def tries_to_open(self, deadline: date) -> None:
        command = BeginOpening(
            home_id=HOME_ID,
            home=home(),
            required=REQUIRED,
            deadline=deadline,
            begun_by=OPERATOR,
            today=self.today,
            rules=RULES,
        )
        said = OPENING.decide(command, self.opening)
        self.opening = OPENING.fold(said, onto=self.opening)
        self.tells(said)
        self._restates()

    def tells(self, said: Sequence[Any]) -> None:
        self.own += said
        for service in self.services.values():
            service.unheard += said

    def promised(self) -> dict[Cell, int]:
        """By the partners' own events, whoever has heard them."""
        moved = cells(e for s in self.services.values() for c in s.commitments.values() for e in c)
        return {
            (resource, month): quantity
            for (resource, month, place), quantity in moved.items()
            if place == "promised" and quantity
        }

    def ledger_tells(self) -> None:
        """What stands open by the events of all, at the moment when the ledger tells it."""
        promised = self.promised()
        self.shortfalls = {
            resource: {
                month: self.need.required.get((resource, month), 0)
                - promised.get((resource, month), 0)
                for month in MONTHS
            }
            for resource in SECTORS
        }
        self.sees_to_it()

    def hears(self, service: Service) -> None:
        """Take in the next that a partner has told, as the register's consumer does."""
        if not service.untold:
            return
        event = service.untold.pop(0)
        match event:
            case Offered():
                months = {one.month: one.quantity for one in event.months}
                self.offers[event.offer_id] = Offer(
                    offer_id=event.offer_id,
                    ask_id=event.ask_id,
                    organisation_id=event.organisation_id,
                    sector=event.sector,
                    months=months,
                )
            case OfferTakenBack():
                offer = replace(self.offers[event.offer_id], taken_back=True)
                self.offers[event.offer_id] = offer
                heard = HearTakenBack(home_id=HOME_ID, ask_id=event.ask_id, offer=offer)
                self.decides(ASKING.decide(heard, self.asks))
            case AskDeclined():
                self.declined.setdefault(event.ask_id, set()).add(event.organisation_id)
            case _:
                for one in event.movements:
                    taken = (one.moved_from == "open") - (one.moved_to == "open")
                    self.provided[one.resource, one.month] += taken * one.quantity
        self.sees_to_it()

    def decides(self, said: Sequence[Any]) -> None:
        self.asks = ASKING.fold(said, onto=self.asks)
        self.tells(said)

    def day_passes(self) -> None:
        self.today += timedelta(days=1)
        self.sees_to_it()

    def sees_to_it(self) -> None:
        self._attends()
        begun = self.opening.under_way
        if begun is None:
            return
        missing = covering.missing(begun, self.need.required, self.provided)
        organisations = {s.sector: frozenset({s.organisation_id}) for s in self.services.values()}
        declined = {ask_id: frozenset(who) for ask_id, who in self.declined.items()}
        command = SeeToOpening(
            missing=missing,
            unanswered=covering.unanswered(missing, self.asks, self.today),
            refused=covering.refused(self.asks, organisations, declined, RULES, self.today),
            today=self.today,
        )
        said = OPENING.decide(command, self.opening)
        self.opening = OPENING.fold(said, onto=self.opening)
        self.tells(said)
        self._restates()
        self._attends()

    def _restates(self) -> None:
        required = {} if self.opening.has_failed else REQUIRED
        said = NEED.decide(RestateNeeds(home_id=HOME_ID, required=required), self.need)
        self.need = NEED.fold(said, onto=self.need)
        self.own += said

    def _attends(self) -> None:
        standing_open = {} if self.opening.has_failed else self.shortfalls
        command = Attend(
            home_id=HOME_ID,
            prefecture_code="14",
            standing_open=standing_open,
            ask_ids={resource: f"{resource}-{len(self.asks.all)}" for resource in standing_open},
            today=self.today,
            rules=RULES,
        )
        self.decides(ASKING.decide(command, self.asks))

    def settles(self) -> None:
        """Everything is heard that has been told."""
        while any(service.unheard or service.untold for service in self.services.values()):
            for service in self.services.values():
                service.hears()
                self.hears(service)
        self.ledger_tells()
