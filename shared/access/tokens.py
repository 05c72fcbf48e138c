"""Bearer tokens of OpenID Connect issuers: whether one is sound, and what it says."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from joserfc import jws, jwt
from joserfc.errors import JoseError
from pydantic import TypeAdapter, ValidationError

from shared.access.issuers import KeysOfIssuer
from shared.access.policy import Role, is_role
from shared.access.settings import Issuer
from shared.contracts.event import Id

LENGTH_MAX: Final = 8 * 1024
SHAPE: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""Signed, and not encrypted; an empty signature is none."""
TYPES: Final = frozenset({None, "jwt", "at+jwt", "application/at+jwt"})
ID: Final = TypeAdapter[str](Id)


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a sound token says; the register says whether that can be."""

    organisation_id: str
    role: Role
    scopes: frozenset[str] | None
    home_id: str | None


class Tokens:
    def __init__(self, issuers: Sequence[Issuer] = ()) -> None:
        self._issuers = {
            issuer.issuer: (issuer, KeysOfIssuer(issuer.issuer)) for issuer in issuers
        }
        # Issuers put more into a header than the standard names; nothing of it is believed.
        self._form = jws.JWSRegistry(strict_check_header=False)

    async def read(self, text: str) -> Claimed | None:
        """Return what it says; none where it is not sound, for whatever reason.

        Raises `IssuerAway` where that cannot be known.
        """
        if not self._issuers or len(text) > LENGTH_MAX or not SHAPE.fullmatch(text):
            return None
        try:
            return await self._read(text)
        except (JoseError, ValueError, RecursionError, ValidationError):
            return None

    async def _read(self, text: str) -> Claimed | None:
        unproven = jws.extract_compact(text.encode(), registry=self._form)
        issuer, keys = self._issuers.get(_issuer_named(unproven.payload), (None, None))
        headers = unproven.headers()
        kind = headers.get("typ")
        if issuer is None or keys is None or (kind and str(kind).lower()) not in TYPES:
            return None
        known = await keys.find(headers.get("kid"))
        proven = jwt.decode(text, known, algorithms=issuer.algorithms, registry=self._form)
        _check(issuer).validate(proven.claims)
        return _claimed(issuer, proven.claims)


def _issuer_named(payload: bytes) -> str:
    claims = json.loads(payload)
    named = claims.get("iss") if isinstance(claims, dict) else None
    return named if isinstance(named, str) else ""


def _check(issuer: Issuer) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        leeway=issuer.leeway_s,
        iss={"essential": True, "value": issuer.issuer},
        aud={"essential": True, "value": issuer.audience},
        exp={"essential": True},
    )


def _claimed(issuer: Issuer, claims: Mapping[str, Any]) -> Claimed | None:
    organisation_id = issuer.organisation_id or _claim(claims, issuer.organisation_claim)
    role = _role(issuer, _words(_claim(claims, issuer.role_claim)) or ())
    home_id = _claim(claims, issuer.home_claim)
    if role is None:
        return None
    return Claimed(
        organisation_id=ID.validate_python(organisation_id, strict=True),
        role=role,
        scopes=_words(_claim(claims, issuer.scopes_claim)),
        home_id=None if home_id is None else ID.validate_python(home_id, strict=True),
    )


def _claim(claims: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401  any JSON
    """A claim by its name, which may hold dots, or by its path."""
    if name in claims:
        return claims[name]
    first, dot, rest = name.partition(".")
    below = claims.get(first)
    return _claim(below, rest) if dot and isinstance(below, Mapping) else None


def _words(value: object) -> frozenset[str] | None:
    match value:
        case None:
            return None
        case str():
            return frozenset(value.split())
        case list():
            return frozenset(word for word in value if isinstance(word, str))
        case _:
            raise ValueError("neither a word nor a list of words")


def _role(issuer: Issuer, words: frozenset[str] | tuple[()]) -> Role | None:
    """Of several roles the one that may most."""
    named = {issuer.roles.get(word) or (word if is_role(word) else None) for word in words}
    return next((role for role in get_args(Role) if role in named), None)
