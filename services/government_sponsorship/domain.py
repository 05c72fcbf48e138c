"""What government sponsorship calls its commitments, and how unit prices are announced. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from shared.commitments.decider import Vocabulary
from shared.commitments.offers import OfferWords
from shared.contracts.government_sponsorship import (
    DisbursementCorrected,
    DisbursementDisputeAnswered,
    GrantDecided,
    GrantDisbursed,
    GrantLapsed,
    GrantOffered,
    GrantOfferKept,
    GrantOfferTakenBack,
    GrantPromised,
    GrantRequestDeclined,
    GrantWithdrawn,
    UnitPrice,
    UnitPricesAnnounced,
)
from shared.contracts.resources import CHILDREN_NEEDS, RENT
from shared.decider import Aggregate, Decider
from shared.refusal import Invalid

SECTORS: Final = frozenset({"government"})

# Public support of a rented home's rent exists; its cap was not found, so none is set (PAY.RENT).
ALSO_SPONSORED: Final = (RENT,)

GRANT: Final = Vocabulary(
    agreed=GrantDecided,
    promised=GrantPromised,
    delivered=GrantDisbursed,
    corrected=DisbursementCorrected,
    withdrawn=GrantWithdrawn,
    lapsed=GrantLapsed,
    answered=DisbursementDisputeAnswered,
)

OFFERS: Final = OfferWords(
    offered=GrantOffered,
    taken_back=GrantOfferTakenBack,
    kept=GrantOfferKept,
    declined=GrantRequestDeclined,
)

# --- Unit prices: one stream for all homes


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    announcement_id: str
    organisation_id: str
    announced_on: date
    from_day: date
    prices: tuple[UnitPrice, ...]


class NoPrice(Invalid):
    """An announcement of unit prices names at least one."""

    japanese = "保護単価の公示は、少なくとも一つの単価を示します。"


class PricedTwice(Invalid):
    """An announcement of unit prices names each age band once."""

    japanese = "保護単価の公示は、各年齢区分を一度だけ示します。"


@dataclass(frozen=True, slots=True)
class Announcements:
    made: tuple[UnitPricesAnnounced, ...] = ()
    """In the order in which they were made: a later one replaces what held since its day."""


def decide(command: Announce, announcements: Announcements) -> Sequence[UnitPricesAnnounced]:
    if not command.prices:
        raise NoPrice
    bands = [price.age_band for price in command.prices]
    if len(set(bands)) < len(bands):
        raise PricedTwice(", ".join(sorted({band for band in bands if bands.count(band) > 1})))
    prices = tuple(sorted(command.prices, key=lambda price: price.age_band))
    # Only the last is sure to hold still: said again after another, the same prices are a change.
    for last in announcements.made[-1:]:
        if (last.from_day, last.prices) == (command.from_day, prices):
            return []
    return [
        UnitPricesAnnounced(
            programme_id=CHILDREN_NEEDS,
            announcement_id=command.announcement_id,
            organisation_id=command.organisation_id,
            announced_on=command.announced_on,
            from_day=command.from_day,
            prices=prices,
        )
    ]


def evolve(announcements: Announcements, event: UnitPricesAnnounced) -> Announcements:
    return Announcements((*announcements.made, event))


UNIT_PRICES: Final = Aggregate(
    UnitPricesAnnounced.category, Decider(decide, evolve, initial=Announcements())
)
