"""What the register of organisations decides: who takes part, keys, parties to homes. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeAlias, assert_never

from shared.contracts.organisations import (
    KeyIssued,
    KeyRevoked,
    OrganisationRegistered,
    PartyJoined,
    PartyLeft,
    Sector,
    SectorsChanged,
)
from shared.decider import Aggregate, Decider
from shared.refusal import Invalid, NotFound, Refusal

OPERATOR_ID: Final = "operator"

# --- Commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    organisation_id: str
    sectors: frozenset[Sector]
    operates_yui: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSectors:
    sectors: frozenset[Sector]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueKey:
    key_id: str
    secret_sha256: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeKey:
    key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    home_id: str
    organisation_id: str
    sector: Sector
    acts_in: frozenset[Sector] | None
    """The sectors of the organisation; none: it is not in the register."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    home_id: str
    organisation_id: str
    sector: Sector


OrganisationCommand: TypeAlias = Register | ChangeSectors | IssueKey | RevokeKey
PartyCommand: TypeAlias = Join | Leave

OrganisationFact: TypeAlias = OrganisationRegistered | SectorsChanged | KeyIssued | KeyRevoked
PartyFact: TypeAlias = PartyJoined | PartyLeft

# --- Refusals


class OrganisationUnknown(NotFound):
    """No organisation bears this id."""


class OrganisationKnown(Refusal):
    """Another organisation bears this id."""

    japanese = "このIDは別の団体のものです。"


class NoSector(Invalid):
    """An organisation that does not run Yui acts in at least one sector."""

    japanese = "Yuiを運用しない団体は、少なくとも一つの分野で活動します。"


class SectorNotItsOwn(Refusal):
    """An organisation is party to a home in the sectors it acts in."""

    japanese = "団体は、自らが活動する分野でホームの当事者になります。"


class KeyUnknown(NotFound):
    """The organisation has no key with this id."""


class KeyKnown(Refusal):
    """A key with another secret bears this id."""

    japanese = "このIDは、秘密の異なる別のキーのものです。"


# --- Organisations: one stream each


@dataclass(frozen=True, slots=True)
class Key:
    secret_sha256: str
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Organisation:
    registered: OrganisationRegistered | None = None
    sectors: frozenset[Sector] = frozenset()
    """Those it acts in now."""
    keys: Mapping[str, Key] = field(default_factory=dict)


def decide_organisation(
    command: OrganisationCommand, organisation: Organisation
) -> Sequence[OrganisationFact]:
    if isinstance(command, Register):
        return _register(command, organisation)
    if organisation.registered is None:
        raise OrganisationUnknown
    organisation_id = organisation.registered.organisation_id
    match command:
        case ChangeSectors():
            if not command.sectors and not organisation.registered.operates_yui:
                raise NoSector
            if command.sectors == organisation.sectors:
                return []
            return [
                SectorsChanged(
                    organisation_id=organisation_id, sectors=tuple(sorted(command.sectors))
                )
            ]
        case IssueKey():
            return _issue_key(command, organisation, organisation_id)
        case RevokeKey():
            key = organisation.keys.get(command.key_id)
            if key is None:
                raise KeyUnknown(command.key_id)
            if key.revoked:
                return []
            return [KeyRevoked(organisation_id=organisation_id, key_id=command.key_id)]
        case _:
            assert_never(command)


def _register(command: Register, organisation: Organisation) -> Sequence[OrganisationFact]:
    if not command.sectors and not command.operates_yui:
        raise NoSector
    registered = OrganisationRegistered(
        organisation_id=command.organisation_id,
        sectors=tuple(sorted(command.sectors)),
        operates_yui=command.operates_yui,
    )
    if organisation.registered is None:
        return [registered]
    if organisation.registered == registered:
        return []
    raise OrganisationKnown(command.organisation_id)


def _issue_key(
    command: IssueKey, organisation: Organisation, organisation_id: str
) -> Sequence[OrganisationFact]:
    known = organisation.keys.get(command.key_id)
    if known is not None:
        if known.secret_sha256 != command.secret_sha256:
            raise KeyKnown(command.key_id)
        return []
    return [
        KeyIssued(
            organisation_id=organisation_id,
            key_id=command.key_id,
            secret_sha256=command.secret_sha256,
            expires_at=command.expires_at,
        )
    ]


def evolve_organisation(organisation: Organisation, event: OrganisationFact) -> Organisation:
    match event:
        case OrganisationRegistered():
            return replace(organisation, registered=event, sectors=frozenset(event.sectors))
        case SectorsChanged():
            return replace(organisation, sectors=frozenset(event.sectors))
        case KeyIssued():
            key = Key(event.secret_sha256)
            return replace(organisation, keys={**organisation.keys, event.key_id: key})
        case KeyRevoked():
            key = replace(organisation.keys[event.key_id], revoked=True)
            return replace(organisation, keys={**organisation.keys, event.key_id: key})
        case _:
            assert_never(event)


# --- Parties: one stream per home


@dataclass(frozen=True, slots=True)
class Parties:
    present: frozenset[tuple[str, Sector]] = frozenset()
    """Organisations with the sector in which each is party to the home."""


def decide_parties(command: PartyCommand, parties: Parties) -> Sequence[PartyFact]:
    home_id, organisation_id, sector = command.home_id, command.organisation_id, command.sector
    is_party = (organisation_id, sector) in parties.present
    match command:
        case Join():
            if command.acts_in is None:
                raise OrganisationUnknown(organisation_id)
            if sector not in command.acts_in:
                raise SectorNotItsOwn(sector)
            if is_party:
                return []
            return [PartyJoined(home_id=home_id, organisation_id=organisation_id, sector=sector)]
        case Leave():
            if not is_party:
                return []
            return [PartyLeft(home_id=home_id, organisation_id=organisation_id, sector=sector)]
        case _:
            assert_never(command)


def evolve_parties(parties: Parties, event: PartyFact) -> Parties:
    party = frozenset({(event.organisation_id, event.sector)})
    match event:
        case PartyJoined():
            return Parties(parties.present | party)
        case PartyLeft():
            return Parties(parties.present - party)
        case _:
            assert_never(event)


ORGANISATION: Final = Aggregate(
    OrganisationRegistered.category,
    Decider(decide_organisation, evolve_organisation, initial=Organisation()),
)
PARTIES: Final = Aggregate(
    PartyJoined.category, Decider(decide_parties, evolve_parties, initial=Parties())
)
