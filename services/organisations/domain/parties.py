"""What is decided of a home: which organisations are party to it, and in which sectors. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

from services.organisations.domain.organisation import OrganisationUnknown
from shared.contracts.organisations import PartyJoined, PartyLeft, Sector
from shared.decider import Aggregate, Decider
from shared.refusal import Refusal

# --- Commands


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


PartyCommand: TypeAlias = Join | Leave
PartyFact: TypeAlias = PartyJoined | PartyLeft

# --- Refusals


class SectorNotItsOwn(Refusal):
    """An organisation is party to a home in the sectors it acts in."""

    japanese = "団体は、自らが活動する分野でホームの当事者になります。"


# --- State, and decisions


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


PARTIES: Final = Aggregate(
    PartyJoined.category, Decider(decide_parties, evolve_parties, initial=Parties())
)
