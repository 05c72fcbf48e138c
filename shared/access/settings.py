"""Which issuers of tokens are believed, and what they call things."""

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.access.policy import Role
from shared.contracts.event import Id

# None whose key both sides know: whoever can check a token must not be able to make one.
Algorithm: TypeAlias = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"
]
USUAL: Final[tuple[Algorithm, ...]] = ("RS256", "PS256", "ES256", "Ed25519")


class Issuer(BaseModel):
    """An OpenID Connect issuer whose tokens open this installation."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    issuer: Annotated[str, Field(pattern=r"^https?://[!-~]+[^/]$", max_length=500)]
    """As its tokens name it in `iss`; below it stands its discovery document."""
    audience: Annotated[str, Field(min_length=1)]
    """What its tokens name in `aud` when they are meant for this installation."""
    organisation_id: Id | None = None
    """The organisation for which alone it speaks, as a partner's own issuer does; none: a claim
    says for which, so it is believed for all."""
    organisation_claim: str = "organisation_id"
    """A claim is named as it stands, or by its path: `realm_access.roles`."""
    role_claim: str = "role"
    roles: dict[str, Role] = Field(default_factory=dict)
    """Our roles by the issuer's words for them; a word of ours needs no entry."""
    scopes_claim: str = "yui_scopes"
    home_claim: str = "home_id"
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = USUAL
    leeway_s: Annotated[int, Field(ge=0, le=300)] = 30
    """By how much its clock may differ from ours."""


class AccessSettings(BaseSettings):
    """The same for all services: `YUI_ACCESS_ISSUERS='[{"issuer": …, "audience": …}]'`."""

    model_config = SettingsConfigDict(
        env_prefix="YUI_ACCESS_", extra="ignore", hide_input_in_errors=True
    )

    issuers: tuple[Issuer, ...] = ()
