"""What the register of organisations answers."""

from datetime import datetime

from shared.access.policy import Role
from shared.contracts.event import Id
from shared.contracts.organisations import KeyId, Sector
from shared.http.answers import Done, Told


class OrganisationAnswer(Done):
    organisation_id: Id


class NamingAnswer(OrganisationAnswer):
    agreed: bool


class OrganisationTold(Told):
    organisation_id: Id
    name: str | None
    """None: whoever runs Yui bears none here."""
    sectors: list[Sector]
    operates_yui: bool
    named: bool
    """Whether others who are party to its homes read whose its part is."""


class OrganisationWholly(OrganisationTold):
    version: int
    """How many events it has, those of its keys included; its `ETag` as well."""


class KeyAnswer(Done):
    key_id: KeyId


class KeyShown(KeyAnswer):
    """A key that was made; its secret is shown this once."""

    key: str | None
    """None: it has been shown."""
    note: str | None = None


class KeyTold(Told):
    key_id: KeyId
    role: Role | None
    """None: all that its organisation may do."""
    scopes: list[str] | None
    home_id: Id | None
    expires_at: datetime | None
    revoked: bool


class PartyTold(Told):
    organisation_id: str
    """Its sectors, where it has not agreed to be named."""
    sector: Sector


class PartyAnswer(Done):
    home_id: Id
    organisation_id: Id
    sector: Sector
