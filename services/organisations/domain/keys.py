"""What is decided of an organisation's keys: made for a role, replaced, ended. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias, assert_never

from shared.access.policy import OF_YUI, Role
from shared.contracts.organisations import (
    KeyGranted,
    KeyIssued,
    KeyRevoked,
    KeySuperseded,
    OrganisationRegistered,
)
from shared.refusal import Invalid, NotFound, Refusal

# --- Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueKey:
    key_id: str
    secret_sha256: str
    expires_at: datetime | None = None
    role: Role | None = None
    """None: all that its organisation may do."""
    scopes: frozenset[str] | None = None
    home_id: str | None = None
    """A caregiver's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateKey:
    key_id: str
    successor_id: str
    secret_sha256: str
    rotated_at: datetime
    overlap: timedelta
    """For how long both keys open."""
    expires_at: datetime | None = None
    """The successor's end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeKey:
    key_id: str


KeyCommand: TypeAlias = IssueKey | RotateKey | RevokeKey
KeyFact: TypeAlias = KeyIssued | KeyGranted | KeySuperseded | KeyRevoked

# --- Refusals


class KeyUnknown(NotFound):
    """The organisation has no key with this id."""


class KeyKnown(Refusal):
    """A key with another secret bears this id."""

    japanese = "このIDは、秘密の異なる別のキーのものです。"


class KeyEnded(Refusal):
    """A key that opens nothing any more has no successor: make a new one."""

    japanese = "もう使えないキーは引き継げません。新しいキーを作ってください。"


class RoleNotItsOwn(Invalid):
    """Who runs Yui gives the roles operator and auditor, a partner gives the others."""

    japanese = (
        "operatorとauditorの役割はYuiを運用する団体だけが、他の役割は連携団体だけが与えます。"
    )


class ScopesNeeded(Invalid):
    """A service's key names what it is for: its scopes."""

    japanese = "serviceのキーには、用途(scopes)を示してください。"


class HomeUnclear(Invalid):
    """A caregiver's key names its home, and no other key does."""

    japanese = "養育者のキーにはホームを示し、他のキーには示しません。"


# --- State


@dataclass(frozen=True, slots=True)
class Key:
    issued: KeyIssued | KeyGranted
    expires_at: datetime | None
    revoked: bool = False


Keys: TypeAlias = Mapping[str, Key]


def evolve_keys(keys: Keys, event: KeyFact) -> Keys:
    match event:
        case KeyIssued() | KeyGranted():
            key = Key(event, event.expires_at)
        case KeySuperseded():
            key = replace(keys[event.key_id], expires_at=event.expires_at)
        case KeyRevoked():
            key = replace(keys[event.key_id], revoked=True)
        case _:
            assert_never(event)
    return {**keys, event.key_id: key}


# --- Decisions


def decide_keys(
    command: KeyCommand, keys: Keys, registered: OrganisationRegistered
) -> Sequence[KeyFact]:
    known = keys.get(command.key_id)
    if isinstance(command, IssueKey):
        return _issue(command, registered, known)
    if known is None:
        raise KeyUnknown(command.key_id)
    match command:
        case RotateKey():
            return _rotate(command, known)
        case RevokeKey():
            if known.revoked:
                return []
            organisation_id = registered.organisation_id
            return [KeyRevoked(organisation_id=organisation_id, key_id=command.key_id)]
        case _:
            assert_never(command)


def _issue(
    command: IssueKey, registered: OrganisationRegistered, known: Key | None
) -> Sequence[KeyFact]:
    if known is not None:
        if known.issued.secret_sha256 != command.secret_sha256:
            raise KeyKnown(command.key_id)
        return []
    if command.role is not None and (command.role in OF_YUI) != registered.operates_yui:
        raise RoleNotItsOwn(command.role)
    if (command.role == "caregiver") != (command.home_id is not None):
        raise HomeUnclear
    if command.role == "service" and not command.scopes:
        raise ScopesNeeded
    issued = KeyIssued(
        organisation_id=registered.organisation_id,
        key_id=command.key_id,
        secret_sha256=command.secret_sha256,
        expires_at=command.expires_at,
    )
    if command.role is None and command.scopes is None:
        return [issued]
    whole = "operator" if registered.operates_yui else "administrator"
    return [
        KeyGranted(
            **issued.model_dump(),
            role=command.role or whole,
            scopes=None if command.scopes is None else tuple(sorted(command.scopes)),
            home_id=command.home_id,
        )
    ]


def _rotate(command: RotateKey, known: Key) -> Sequence[KeyFact]:
    now, ends_at = command.rotated_at, command.rotated_at + command.overlap
    if known.expires_at is not None:
        ends_at = min(ends_at, known.expires_at)
    if known.revoked or ends_at < now:
        raise KeyEnded(command.key_id)
    successor = known.issued.model_copy(
        update={
            "key_id": command.successor_id,
            "secret_sha256": command.secret_sha256,
            "expires_at": command.expires_at,
        }
    )
    superseded = KeySuperseded(
        organisation_id=successor.organisation_id,
        key_id=command.key_id,
        successor_id=command.successor_id,
        expires_at=ends_at,
    )
    return [successor, superseded]
