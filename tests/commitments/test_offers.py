"""What an organisation answers to an ask: it offers, takes back, keeps, or declines."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest

from services.government_sponsorship import domain as government_sponsorship
from services.nonprofit_staffing import domain as nonprofit_staffing
from services.rent_sponsorship.domain import OFFERS
from services.volunteers import domain as volunteers
from shared.commitments.commands import HomeClosed, HomeStatus, HomeUnknown, OpeningHasFailed
from shared.commitments.offers import (
    Ask,
    AskCovered,
    AskUnknown,
    DeclineAsk,
    KeepOffer,
    MakeOffer,
    OfferFact,
    OfferOfNothing,
    OfferPromised,
    OfferUnknown,
    OfferWords,
    TakeOfferBack,
    runs,
)
from shared.contracts.commitment import MonthQuantity
from shared.contracts.rent_sponsorship import (
    RentAppealDeclined,
    RentOffered,
    RentOfferKept,
    RentOfferTakenBack,
)
from shared.contracts.resources import RENT
from tests.support.specification import Given

DECIDER: Final = OFFERS.offers().decider
TODAY: Final = date(2011, 12, 10)
MARCH, APRIL = "2012-03", "2012-04"
ASK: Final = Ask("a", "h", RENT, frozenset({"company"}), {MARCH: 150, APRIL: 100})
NAMES: Final[Mapping[str, str]] = {"home_id": "h", "ask_id": "a", "organisation_id": "o"}
OFFERED: Final = RentOffered(
    **NAMES,
    offer_id="f",
    sector="company",
    resource=RENT,
    months=(MonthQuantity(month=MARCH, quantity=150), MonthQuantity(month=APRIL, quantity=100)),
    notice_months=2,
    lapse_days=None,
    offered_on=TODAY,
)
TAKEN_BACK: Final = RentOfferTakenBack(**NAMES, offer_id="f")
KEPT: Final = RentOfferKept(**NAMES, offer_id="f")


def offer(
    ask: Ask | None = ASK,
    months: Mapping[str, int] | None = None,
    home_status: HomeStatus = "open",
) -> MakeOffer:
    return MakeOffer(
        offer_id="f",
        organisation_id="o",
        ask=ask,
        sector="company",
        months=months,
        notice_months=2,
        lapse_days=None,
        offered_on=TODAY,
        home_status=home_status,
    )


def given(*events: OfferFact) -> Given[Any, Any, OfferFact]:
    return Given(DECIDER, events)


def test_all_that_stands_open_is_offered_where_no_months_are_named() -> None:
    given().when(offer()).then(OFFERED)


def test_a_part_or_other_months_are_offered_as_named() -> None:
    counter = {"2012-05": 70}
    months = (MonthQuantity(month="2012-05", quantity=70),)
    given().when(offer(months=counter)).then(OFFERED.model_copy(update={"months": months}))


@pytest.mark.parametrize("months", [{}, {MARCH: 0}, {MARCH: -1}])
def test_an_offer_names_units(months: Mapping[str, int]) -> None:
    given().when(offer(months=months)).then_refused(OfferOfNothing)


def test_nothing_is_offered_to_what_is_unknown_covered_or_closed() -> None:
    covered = Ask("a", "h", RENT, frozenset({"company"}), {})
    given().when(offer(ask=None)).then_refused(AskUnknown)
    given().when(offer(ask=covered)).then_refused(AskCovered)
    given().when(offer(home_status="unknown")).then_refused(HomeUnknown)
    given().when(offer(home_status="closed")).then_refused(HomeClosed)


def test_who_offers_after_an_opening_has_failed_is_told_so_although_the_ask_is_closed() -> None:
    covered = replace(ASK, months={})
    given().when(offer(covered, home_status="opening_failed")).then_refused(OpeningHasFailed)
    given().when(offer(None, home_status="opening_failed")).then_refused(AskUnknown)


def test_an_offer_is_taken_back_until_it_is_kept() -> None:
    given(OFFERED).when(TakeOfferBack()).then(TAKEN_BACK)
    given(OFFERED, TAKEN_BACK).when(TakeOfferBack()).then()
    given(OFFERED, KEPT).when(TakeOfferBack()).then_refused(OfferPromised)
    given().when(TakeOfferBack()).then_refused(OfferUnknown)


def test_an_offer_that_was_accepted_is_kept_once() -> None:
    given(OFFERED).when(KeepOffer("open")).then(KEPT)
    given(OFFERED, KEPT).when(KeepOffer("open")).then()


def test_what_was_taken_back_or_is_anothers_is_not_kept() -> None:
    given(OFFERED, TAKEN_BACK).when(KeepOffer("open")).then()
    given().when(KeepOffer("open")).then()


def test_an_offer_to_a_home_that_has_closed_is_taken_back_instead() -> None:
    given(OFFERED).when(KeepOffer("closed")).then(TAKEN_BACK)


def test_an_acceptance_that_is_heard_after_an_opening_has_failed_promises_nothing() -> None:
    given(OFFERED).when(KeepOffer("opening_failed")).then(TAKEN_BACK)


def test_an_ask_is_declined_with_a_reason_as_long_as_it_stands() -> None:
    decider = OFFERS.declines().decider
    decline = DeclineAsk(decline_id="n", organisation_id="o", ask=ASK, reason_code="no_funds")
    said: Sequence[RentAppealDeclined] = [
        RentAppealDeclined(**NAMES, decline_id="n", reason_code="no_funds")
    ]
    assert decider.decide(decline, decider.initial) == said
    assert decider.fold(said) is None
    unknown = DeclineAsk(decline_id="n", organisation_id="o", ask=None, reason_code="no_funds")
    with pytest.raises(AskUnknown):
        decider.decide(unknown, None)


@pytest.mark.parametrize(
    "words",
    [OFFERS, government_sponsorship.OFFERS, nonprofit_staffing.OFFERS, volunteers.OFFERS],
)
def test_each_sector_says_it_in_its_own_words(words: OfferWords) -> None:
    decider = words.offers().decider
    offered = decider.decide(offer(), decider.initial)
    for command, said in ((TakeOfferBack(), words.taken_back), (KeepOffer("open"), words.kept)):
        assert [type(one) for one in decider.decide(command, decider.fold(offered))] == [said]
    assert {type(one) for one in offered} == {words.offered}


def test_months_in_a_row_of_the_same_quantity_are_promised_together() -> None:
    months = {"2011-12": 5, "2012-01": 5, "2012-02": 6, "2012-04": 6}
    assert list(runs(months)) == [
        ("2011-12", "2012-01", 5),
        ("2012-02", "2012-02", 6),
        ("2012-04", "2012-04", 6),
    ]
    assert list(runs({})) == []
