"""Events that the register of organisations owns: who they are, their keys, their homes."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from shared.contracts.event import Event, Id, topic_of

OWNER = "organisations"
TOPIC = topic_of(OWNER)

Sector: TypeAlias = Literal["government", "nonprofit", "company", "volunteers", "foster_parent"]
KeyId: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class OrganisationEvent(Event):
    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "organisation"
    identity_field: ClassVar[str] = "organisation_id"
    key_field: ClassVar[str] = "organisation_id"

    organisation_id: Id


class OrganisationRegistered(OrganisationEvent):
    """An organisation takes part. Its name stays in the register and is not published."""

    sectors: tuple[Sector, ...]
    operates_yui: bool = False
    """Whether it runs this installation, and may register organisations, homes and dates."""


class SectorsChanged(OrganisationEvent):
    """An organisation acts in these sectors from now on."""

    sectors: tuple[Sector, ...]


class KeyIssued(OrganisationEvent):
    """An organisation has a new API key; only the hash of its secret is published."""

    key_id: KeyId
    secret_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    expires_at: datetime | None = None


class KeyGranted(OrganisationEvent):
    """An organisation has a new API key that does less than its administrator's.

    Not a field of `KeyIssued`: a service that knows no roles yet would take every key of that type
    for an administrator's, and keep it so.
    """

    key_id: KeyId
    secret_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    expires_at: datetime | None = None
    role: Id
    """What it may do at most; a role that a reader does not know opens nothing."""
    scopes: tuple[Id, ...] | None = None
    """What alone it does of all that its role may; none: all of it."""
    home_id: Id | None = None
    """The home whose caregiver it is."""


class KeySuperseded(OrganisationEvent):
    """Another key takes this one's place, which opens until then and no longer."""

    key_id: KeyId
    successor_id: KeyId
    expires_at: datetime


class KeyRevoked(OrganisationEvent):
    """A key opens nothing any more."""

    key_id: KeyId


class NamingAgreed(OrganisationEvent):
    """An organisation agrees that others who are party to its homes read whose its part is."""


class NamingWithdrawn(OrganisationEvent):
    """Others read an organisation's part as its sector's again."""


class PartyEvent(Event):
    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "parties"
    identity_field: ClassVar[str] = "home_id"
    key_field: ClassVar[str] = "home_id"

    home_id: Id
    organisation_id: Id


class PartyJoined(PartyEvent):
    """An organisation is party to a home in a sector, may read it and contribute to it."""

    sector: Sector


class PartyLeft(PartyEvent):
    """An organisation is no longer party to a home in a sector."""

    sector: Sector


EVENTS: tuple[type[Event], ...] = (
    OrganisationRegistered,
    SectorsChanged,
    KeyIssued,
    KeyGranted,
    KeySuperseded,
    KeyRevoked,
    NamingAgreed,
    NamingWithdrawn,
    PartyJoined,
    PartyLeft,
)
