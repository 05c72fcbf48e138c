"""The one function that decides who may do what. Pure."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, assert_never

Action: TypeAlias = Literal[
    "administer",  # run Yui: register organisations and homes, play the date, mend parked records
    "contribute",  # promise and deliver in a sector
    "receive",  # confirm, take back, dispute
    "tend",  # say what a home needs: whoever runs it
    "read_home",
    "manage_keys",
    "read_statement",
    "value",  # say what its own contributions are worth
    "read_asks",  # what homes ask of a sector, party to them or not
    "answer_asks",  # offer, take back, decline
]


@dataclass(frozen=True, slots=True)
class Principal:
    organisation_id: str
    sectors: frozenset[str] = frozenset()
    operates_yui: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """What is acted on: whose it is, and how the principal stands to its home."""

    organisation_id: str | None = None
    sectors: frozenset[str] = field(default_factory=frozenset)
    """The sectors of which one must be the principal's own."""
    is_party: bool = False


def may(principal: Principal, action: Action, resource: Resource) -> bool:
    own = resource.organisation_id == principal.organisation_id
    match action:
        case "administer":
            return principal.operates_yui
        case "contribute":
            return own and resource.is_party and bool(resource.sectors & principal.sectors)
        case "receive":
            return resource.is_party
        case "tend":
            return own or principal.operates_yui
        case "read_home":
            return resource.is_party or principal.operates_yui
        case "manage_keys" | "read_statement":
            return own or principal.operates_yui
        case "value":
            return own
        case "read_asks":
            return bool(resource.sectors & principal.sectors) or principal.operates_yui
        case "answer_asks":
            return own and bool(resource.sectors & principal.sectors)
        case _:
            assert_never(action)
