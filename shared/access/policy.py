"""The one function that decides who may do what. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, TypeGuard, assert_never, get_args

Role: TypeAlias = Literal[
    "administrator",  # of an organisation: all that it may do, its keys included
    "member",  # all that it may do, but for its keys and its settings
    "reader",  # reads what its organisation may read
    "caregiver",  # of one home: reads it, and says what arrived
    "operator",  # runs Yui
    "auditor",  # reads everything, writes nothing
    "service",  # an organisation's own program: of what a member may do, what its scopes name
]
Action: TypeAlias = Literal[
    "administer",  # run Yui: register organisations and homes, play the date, mend parked records
    "watch",  # see what is parked, and what operators did about it
    "contribute",  # promise and deliver in a sector
    "announce",  # say what holds for every home: unit prices
    "receive",  # confirm, take back, dispute
    "tend",  # say what a home needs: whoever runs it
    "read_home",
    "read_organisation",
    "read_statement",
    "read_keys",
    "manage_keys",
    "agree_naming",  # let others read whose its part is
    "value",  # say what its own contributions are worth
    "read_asks",  # what homes ask of a sector, party to them or not
    "answer_asks",  # offer, take back, decline
    "keep_people",  # register, export and erase who works or helps
    "take_away",  # all facts of its own, in one archive
]

OF_YUI: Final[frozenset[Role]] = frozenset({"operator", "auditor"})
"""Roles of an organisation that runs Yui; all others are a partner's."""

READING: Final[frozenset[Action]] = frozenset(
    {"read_home", "read_organisation", "read_statement", "read_keys", "read_asks", "watch"}
)
EVERYWHERE: Final[Mapping[Role, frozenset[Action]]] = {
    "operator": READING | {"administer", "tend", "manage_keys"},
    "auditor": READING,
}
"""What those do who run Yui, whosever it is."""

MEMBER: Final[frozenset[Action]] = frozenset(
    {
        *("contribute", "announce", "receive", "tend", "value", "keep_people"),
        *("read_home", "read_organisation", "read_statement", "read_asks", "answer_asks"),
    }
)
OWN: Final[Mapping[Role, frozenset[Action]]] = {
    "administrator": MEMBER | {"read_keys", "manage_keys", "agree_naming", "take_away"},
    "member": MEMBER,
    "reader": frozenset({"read_home", "read_organisation", "read_statement", "read_asks"}),
    "caregiver": frozenset({"read_home", "receive", "read_organisation"}),
    "service": MEMBER,
    "operator": frozenset(),
    "auditor": frozenset(),
}
"""What somebody does for their own organisation, and in the homes that it is party to."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: in which role, for which organisation."""

    organisation_id: str
    sectors: frozenset[str] = frozenset()
    role: Role = "administrator"
    scopes: frozenset[str] | None = None
    """What alone is done of all that the role may; none: all of it, or a service's nothing."""
    home_id: str | None = None
    """The home whose caregiver it is."""

    @property
    def reads_everything(self) -> bool:
        return self.role in {"operator", "auditor"}


@dataclass(frozen=True, slots=True)
class Resource:
    """What is acted on: whose it is, in which home, and how the principal stands to that."""

    organisation_id: str | None = None
    sectors: frozenset[str] = field(default_factory=frozenset)
    """The sectors of which one must be the principal's own."""
    home_id: str | None = None
    is_party: bool = False
    """Whether the principal's organisation is party to the home."""


def may(principal: Principal, action: Action, resource: Resource) -> bool:
    return within_scopes(principal, action) and _role_may(principal, action, resource)


def within_scopes(principal: Principal, action: Action) -> bool:
    if principal.scopes is None:
        return principal.role != "service"
    return action in principal.scopes


def knows(principal: Principal, resource: Resource) -> bool:
    """Whether it may know that this is there: what it may not know of does not exist for it."""
    if resource.home_id is not None:
        return _role_may(principal, "read_home", resource)
    if resource.organisation_id is not None:
        return _role_may(principal, "read_organisation", resource)
    return True


def is_role(text: str) -> TypeGuard[Role]:
    return text in get_args(Role)


def _role_may(principal: Principal, action: Action, resource: Resource) -> bool:
    if action in EVERYWHERE.get(principal.role, ()):
        return True
    return action in OWN[principal.role] and _concerns(principal, action, resource)


def _concerns(principal: Principal, action: Action, resource: Resource) -> bool:
    """Whether it is the principal's own, or of a home that its organisation is party to."""
    own = resource.organisation_id == principal.organisation_id
    in_sector = bool(resource.sectors & principal.sectors)
    match action:
        case "administer" | "watch":
            return False
        case "contribute":
            return own and resource.is_party and in_sector
        case "announce" | "read_asks":
            return in_sector
        case "answer_asks":
            return own and in_sector
        case "receive" | "read_home":
            is_its_home = principal.role != "caregiver" or resource.home_id == principal.home_id
            return resource.is_party and resource.home_id is not None and is_its_home
        case (
            "tend"
            | "read_organisation"
            | "read_statement"
            | "read_keys"
            | "manage_keys"
            | "agree_naming"
            | "value"
            | "keep_people"
            | "take_away"
        ):
            return own
        case _:
            assert_never(action)
