"""What the register of organisations decides."""

from datetime import UTC, datetime

import pytest

from services.organisations.domain import (
    ORGANISATION,
    PARTIES,
    ChangeSectors,
    IssueKey,
    Join,
    KeyKnown,
    KeyUnknown,
    Leave,
    NoSector,
    Organisation,
    OrganisationCommand,
    OrganisationFact,
    OrganisationKnown,
    OrganisationUnknown,
    Parties,
    PartyCommand,
    PartyFact,
    Register,
    RevokeKey,
    SectorNotItsOwn,
)
from shared.contracts.organisations import (
    KeyIssued,
    KeyRevoked,
    OrganisationRegistered,
    PartyJoined,
    PartyLeft,
    Sector,
    SectorsChanged,
)
from tests.support.specification import Given

KEY_ID = "0123456789abcdef"
HASH, OTHER_HASH = "a" * 64, "b" * 64
NEW_YEAR = datetime(2012, 1, 1, tzinfo=UTC)
REGISTERED = OrganisationRegistered(organisation_id="o", sectors=("company",))
ISSUED = KeyIssued(organisation_id="o", key_id=KEY_ID, secret_sha256=HASH)
REVOKED = KeyRevoked(organisation_id="o", key_id=KEY_ID)
ISSUE = IssueKey(key_id=KEY_ID, secret_sha256=HASH)
REVOKE = RevokeKey(key_id=KEY_ID)


def given(
    *events: OrganisationFact,
) -> Given[OrganisationCommand, Organisation, OrganisationFact]:
    return Given(ORGANISATION.decider, events)


def given_parties(*events: PartyFact) -> Given[PartyCommand, Parties, PartyFact]:
    return Given(PARTIES.decider, events)


def register(*sectors: Sector, operates_yui: bool = False) -> Register:
    return Register(organisation_id="o", sectors=frozenset(sectors), operates_yui=operates_yui)


def acting_in(*sectors: Sector) -> ChangeSectors:
    return ChangeSectors(sectors=frozenset(sectors))


def join(sector: Sector, *acts_in: Sector) -> Join:
    return Join(home_id="h", organisation_id="o", sector=sector, acts_in=frozenset(acts_in))


def joined(sector: Sector) -> PartyJoined:
    return PartyJoined(home_id="h", organisation_id="o", sector=sector)


def test_an_organisation_may_act_in_several_sectors() -> None:
    given().when(register("volunteers", "company")).then(
        OrganisationRegistered(organisation_id="o", sectors=("company", "volunteers"))
    )


def test_registering_the_same_again_changes_nothing() -> None:
    given(REGISTERED).when(register("company")).then()


def test_an_id_belongs_to_one_organisation() -> None:
    given(REGISTERED).when(register("nonprofit")).then_refused(OrganisationKnown)


def test_only_whoever_runs_yui_may_act_in_no_sector() -> None:
    given().when(register()).then_refused(NoSector)
    given(REGISTERED).when(acting_in()).then_refused(NoSector)
    operator = OrganisationRegistered(organisation_id="o", sectors=(), operates_yui=True)
    given().when(register(operates_yui=True)).then(operator)
    given(operator).when(acting_in()).then()


def test_sectors_change_as_a_whole() -> None:
    changed = SectorsChanged(organisation_id="o", sectors=("company", "volunteers"))
    given(REGISTERED).when(acting_in("company", "volunteers")).then(changed)
    given(REGISTERED, changed).when(acting_in("volunteers", "company")).then()


@pytest.mark.parametrize("command", [acting_in("company"), ISSUE, REVOKE])
def test_an_organisation_must_be_registered_first(command: OrganisationCommand) -> None:
    given().when(command).then_refused(OrganisationUnknown)


def test_a_key_is_published_as_the_hash_of_its_secret() -> None:
    command = IssueKey(key_id=KEY_ID, secret_sha256=HASH, expires_at=NEW_YEAR)
    given(REGISTERED).when(command).then(
        KeyIssued(organisation_id="o", key_id=KEY_ID, secret_sha256=HASH, expires_at=NEW_YEAR)
    )


def test_a_key_is_issued_once() -> None:
    given(REGISTERED, ISSUED).when(ISSUE).then()
    other = IssueKey(key_id=KEY_ID, secret_sha256=OTHER_HASH)
    given(REGISTERED, ISSUED).when(other).then_refused(KeyKnown)


def test_a_revoked_key_stays_revoked() -> None:
    given(REGISTERED, ISSUED).when(REVOKE).then(REVOKED)
    given(REGISTERED, ISSUED, REVOKED).when(REVOKE).then()
    given(REGISTERED, ISSUED, REVOKED).when(ISSUE).then()


def test_no_key_is_revoked_that_the_organisation_does_not_have() -> None:
    given(REGISTERED).when(REVOKE).then_refused(KeyUnknown)


def test_an_organisation_is_party_to_a_home_in_a_sector_of_its_own() -> None:
    given_parties().when(join("company", "company", "volunteers")).then(joined("company"))
    given_parties().when(join("nonprofit", "company")).then_refused(SectorNotItsOwn)


def test_an_organisation_that_nobody_registered_is_no_party() -> None:
    unknown = Join(home_id="h", organisation_id="o", sector="company", acts_in=None)
    given_parties().when(unknown).then_refused(OrganisationUnknown)


def test_joining_twice_changes_nothing_in_that_sector_alone() -> None:
    in_both = given_parties(joined("company"))
    in_both.when(join("company", "company", "volunteers")).then()
    in_both.when(join("volunteers", "company", "volunteers")).then(joined("volunteers"))


def test_leaving_ends_one_sector_and_may_be_followed_by_joining_again() -> None:
    leave = Leave(home_id="h", organisation_id="o", sector="company")
    left = PartyLeft(home_id="h", organisation_id="o", sector="company")
    given_parties(joined("company"), joined("volunteers")).when(leave).then(left)
    given_parties(joined("volunteers")).when(leave).then()
    given_parties(joined("company"), left).when(join("company", "company")).then(joined("company"))
