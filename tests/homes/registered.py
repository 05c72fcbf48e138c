"""Homes that the tests of this service begin with."""

from datetime import date
from typing import Final

from services.homes.domain.home import HOME, Home, HomeFact
from shared.contracts.government_sponsorship import AgeBand
from shared.contracts.homes import BandCount, ChildrenCounted, HomeRegistered, MonthlyNeedStated

HOME_ID: Final = "umi-no-ie"
OPERATOR: Final = "crop-minori"
OPENING: Final = date(2011, 8, 1)


def registered(
    *, opens_on: date = OPENING, capacity: int = 6, needs_through: str | None = "2011-12"
) -> HomeRegistered:
    return HomeRegistered(
        home_id=HOME_ID,
        prefecture_code="14",
        home_operator_kind="nonprofit",
        home_operator_id=OPERATOR,
        capacity=capacity,
        opens_on=opens_on,
        needs_through=needs_through,
    )


def counted(from_day: date, **children: int) -> ChildrenCounted:
    return ChildrenCounted(home_id=HOME_ID, from_day=from_day, counts=bands(**children))


def bands(**children: int) -> tuple[BandCount, ...]:
    return tuple(
        BandCount.model_validate({"age_band": band, "children": count})
        for band, count in children.items()
    )


def stated(resource: str, from_month: str, quantity: int) -> MonthlyNeedStated:
    return MonthlyNeedStated(
        home_id=HOME_ID, resource=resource, from_month=from_month, quantity=quantity
    )


def home(*events: HomeFact, **terms: date | str | None) -> Home:
    return HOME.fold([registered(**terms), *events])  # type: ignore[arg-type]  # as named there


def price(
    yen: int, *, from_day: date = date(2011, 4, 1), band: AgeBand = "school_age"
) -> dict[AgeBand, dict[date, int]]:
    return {band: {from_day: yen}}
