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


class KeyRevoked(OrganisationEvent):
    """A key opens nothing any more."""

    key_id: KeyId


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
    KeyRevoked,
    PartyJoined,
    PartyLeft,
)
