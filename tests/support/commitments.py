"""One commitment of one organisation to one home, told in a few words."""

from collections.abc import Mapping
from datetime import date

from shared.commitments.commands import (
    Agree,
    AnswerDispute,
    Command,
    Correct,
    Deliver,
    HomeStatus,
    Lapse,
    Promise,
    Release,
    Withdraw,
)
from shared.commitments.decider import Vocabulary
from shared.contracts.commitment import CommitmentFact
from shared.contracts.event import Month

AGREED_ON = date(2011, 8, 1)
MARCH = "2012-03"
MUCH = 1_000_000
NEEDED: Mapping[Month, int] = dict.fromkeys(("2012-01", "2012-02", MARCH, "2012-04"), MUCH)


def agree(
    *,
    resource: str = "rent",
    organisation_id: str = "o",
    notice_months: int = 2,
    lapse_days: int | None = None,
    home_status: HomeStatus = "open",
) -> Agree:
    return Agree(
        commitment_id="c",
        home_id="h",
        organisation_id=organisation_id,
        resource=resource,
        agreed_on=AGREED_ON,
        notice_months=notice_months,
        lapse_days=lapse_days,
        home_status=home_status,
    )


def promise(
    quantity: int,
    first: Month = MARCH,
    through: Month | None = MARCH,
    *,
    beyond_need: bool = False,
    home_status: HomeStatus = "open",
    required: Mapping[Month, int] = NEEDED,
) -> Promise:
    return Promise(
        from_month=first,
        through_month=through,
        quantity=quantity,
        beyond_need=beyond_need,
        home_status=home_status,
        required=required,
    )


def deliver(
    quantity: int,
    month: Month = MARCH,
    *,
    beyond: int = 0,
    gift: bool = False,
    delivery_id: str = "d",
) -> Deliver:
    return Deliver(
        delivery_id=delivery_id, month=month, quantity=quantity, beyond_promise=beyond, gift=gift
    )


def correct(quantity: int, *, confirmed: int = 0, delivery_id: str = "d") -> Correct:
    return Correct(delivery_id=delivery_id, quantity=quantity, confirmed=confirmed)


def withdraw(notice_on: str) -> Withdraw:
    return Withdraw(notice_on=date.fromisoformat(notice_on))


def release(released_on: str) -> Release:
    return Release(released_on=date.fromisoformat(released_on))


def lapse(today: str) -> Lapse:
    return Lapse(today=date.fromisoformat(today))


def answer(*, disputed: bool = True) -> AnswerDispute:
    return AnswerDispute(
        delivery_id="d", dispute_id="q", reason_code="as_agreed", disputed=disputed
    )


def life(words: Vocabulary, resource: str) -> list[CommitmentFact]:
    """All that can happen to a commitment, in a sector's own words."""
    commands: tuple[Command, ...] = (
        agree(resource=resource, lapse_days=30),
        promise(100, "2012-03", "2012-04"),
        deliver(60),
        correct(50),
        answer(),
        lapse("2012-05-01"),
        withdraw("2012-01-31"),
    )
    decider = words.decider()
    events: list[CommitmentFact] = []
    for command in commands:
        events += decider.decide(command, decider.fold(events))
    return events
