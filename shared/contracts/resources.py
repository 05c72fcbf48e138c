"""The catalogue of resources: what a home can need, and in which unit it is counted."""

from typing import Final, Literal, NamedTuple, TypeAlias

Unit: TypeAlias = Literal["yen", "minutes", "sessions"]


class Resource(NamedTuple):
    name: str
    unit: Unit
    japanese: str
    provided_by: str
    """The service in which it is mostly promised and delivered; any other may, too."""


CHILDREN_NEEDS: Final = "children_needs"
CAREGIVING: Final = "caregiving"
PROGRAMME: Final = "programme"
RENT: Final = "rent"
VOLUNTEERING: Final = "volunteering"

CATALOGUE: Final = {
    resource.name: resource
    for resource in (
        Resource(CHILDREN_NEEDS, "yen", "児童の生活に要する経費", "government_sponsorship"),
        Resource(CAREGIVING, "minutes", "養育", "nonprofit_staffing"),
        Resource(PROGRAMME, "sessions", "活動プログラム", "nonprofit_staffing"),
        Resource(RENT, "yen", "家賃", "rent_sponsorship"),
        Resource(VOLUNTEERING, "minutes", "ボランティア活動", "volunteers"),
    )
}
