"""What is decided of an organisation: that it takes part, its sectors, its naming. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, assert_never

from services.organisations.domain.keys import (
    IssueKey,
    KeyCommand,
    KeyFact,
    Keys,
    RevokeKey,
    RotateKey,
    decide_keys,
    evolve_keys,
)
from shared.contracts.organisations import (
    KeyGranted,
    KeyIssued,
    KeyRevoked,
    KeySuperseded,
    NamingAgreed,
    NamingWithdrawn,
    OrganisationRegistered,
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
class AgreeNaming:
    agreed: bool
    """Whether others who are party to its homes read whose its part is."""


OrganisationCommand: TypeAlias = Register | ChangeSectors | AgreeNaming | KeyCommand
OrganisationFact: TypeAlias = (
    OrganisationRegistered | SectorsChanged | NamingAgreed | NamingWithdrawn | KeyFact
)

# --- Refusals


class OrganisationUnknown(NotFound):
    """No organisation bears this id."""


class OrganisationKnown(Refusal):
    """Another organisation bears this id."""

    japanese = "このIDは別の団体のものです。"


class NoSector(Invalid):
    """An organisation that does not run Yui acts in at least one sector."""

    japanese = "Yuiを運用しない団体は、少なくとも一つの分野で活動します。"


# --- State, and decisions


@dataclass(frozen=True, slots=True)
class Organisation:
    registered: OrganisationRegistered | None = None
    sectors: frozenset[Sector] = frozenset()
    """Those it acts in now."""
    named: bool = False
    keys: Keys = field(default_factory=dict)


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
        case AgreeNaming():
            if command.agreed == organisation.named:
                return []
            said = NamingAgreed if command.agreed else NamingWithdrawn
            return [said(organisation_id=organisation_id)]
        case IssueKey() | RotateKey() | RevokeKey():
            return decide_keys(command, organisation.keys, organisation.registered)
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


def evolve_organisation(organisation: Organisation, event: OrganisationFact) -> Organisation:
    match event:
        case OrganisationRegistered():
            return replace(organisation, registered=event, sectors=frozenset(event.sectors))
        case SectorsChanged():
            return replace(organisation, sectors=frozenset(event.sectors))
        case NamingAgreed() | NamingWithdrawn():
            return replace(organisation, named=isinstance(event, NamingAgreed))
        case KeyIssued() | KeyGranted() | KeySuperseded() | KeyRevoked():
            return replace(organisation, keys=evolve_keys(organisation.keys, event))
        case _:
            assert_never(event)


ORGANISATION: Final = Aggregate(
    OrganisationRegistered.category,
    Decider(decide_organisation, evolve_organisation, initial=Organisation()),
)
