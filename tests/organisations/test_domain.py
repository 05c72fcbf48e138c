"""What the register of organisations decides."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.organisations.domain.keys import (
    HomeUnclear,
    IssueKey,
    KeyEnded,
    KeyKnown,
    KeyUnknown,
    RevokeKey,
    RoleNotItsOwn,
    RotateKey,
    ScopesNeeded,
)
from services.organisations.domain.organisation import (
    ORGANISATION,
    AgreeNaming,
    ChangeSectors,
    NoSector,
    Organisation,
    OrganisationCommand,
    OrganisationFact,
    OrganisationKnown,
    OrganisationUnknown,
    Register,
)
from services.organisations.domain.parties import (
    PARTIES,
    Join,
    Leave,
    Parties,
    PartyCommand,
    PartyFact,
    SectorNotItsOwn,
)
from shared.access.policy import Role
from shared.contracts.organisations import (
    KeyGranted,
    KeyIssued,
    KeyRevoked,
    KeySuperseded,
    NamingAgreed,
    NamingWithdrawn,
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


GRANTED = KeyGranted(
    organisation_id="o", key_id=KEY_ID, secret_sha256=HASH, role="service", scopes=("read_home",)
)
OPERATOR = OrganisationRegistered(organisation_id="o", sectors=(), operates_yui=True)


def issue(role: Role | None = None, *scopes: str, home_id: str | None = None) -> IssueKey:
    return replace(ISSUE, role=role, scopes=frozenset(scopes) or None, home_id=home_id)


def test_a_key_that_does_less_than_all_is_published_as_another_type() -> None:
    given(REGISTERED).when(issue("service", "read_home")).then(GRANTED)
    narrow = GRANTED.model_copy(update={"role": "administrator"})
    given(REGISTERED).when(issue(None, "read_home")).then(narrow)


@pytest.mark.parametrize("role", ["operator", "auditor"])
def test_a_partner_gives_nobody_a_role_of_those_who_run_yui(role: Role) -> None:
    given(REGISTERED).when(issue(role)).then_refused(RoleNotItsOwn)
    given(OPERATOR).when(issue(role)).then(KeyGranted(**ISSUED.model_dump(), role=role))


def test_who_runs_yui_gives_no_partners_role() -> None:
    given(OPERATOR).when(issue("administrator")).then_refused(RoleNotItsOwn)


def test_a_caregivers_key_names_its_home_and_no_other_does() -> None:
    given(REGISTERED).when(issue("caregiver")).then_refused(HomeUnclear)
    given(REGISTERED).when(issue("member", home_id="h")).then_refused(HomeUnclear)


def test_a_services_key_names_what_it_is_for() -> None:
    given(REGISTERED).when(issue("service")).then_refused(ScopesNeeded)


def rotate(overlap_hours: int = 24) -> RotateKey:
    return RotateKey(
        key_id=KEY_ID,
        successor_id="f" * 16,
        secret_sha256=OTHER_HASH,
        rotated_at=NEW_YEAR,
        overlap=timedelta(hours=overlap_hours),
    )


def superseded(expires_at: datetime) -> KeySuperseded:
    return KeySuperseded(
        organisation_id="o", key_id=KEY_ID, successor_id="f" * 16, expires_at=expires_at
    )


@pytest.mark.parametrize("known", [ISSUED, GRANTED])
def test_a_key_gives_way_to_one_for_the_same(known: KeyIssued | KeyGranted) -> None:
    same = known.model_copy(update={"key_id": "f" * 16, "secret_sha256": OTHER_HASH})
    ends = superseded(NEW_YEAR + timedelta(days=1))
    given(REGISTERED, known).when(rotate()).then(same, ends)


def test_to_give_way_makes_no_key_last_longer() -> None:
    soon = NEW_YEAR + timedelta(hours=1)
    ending = ISSUED.model_copy(update={"expires_at": soon})
    same = ISSUED.model_copy(update={"key_id": "f" * 16, "secret_sha256": OTHER_HASH})
    given(REGISTERED, ending).when(rotate()).then(same, superseded(soon))


def test_a_key_that_has_ended_has_no_successor() -> None:
    over = ISSUED.model_copy(update={"expires_at": NEW_YEAR - timedelta(hours=1)})
    given(REGISTERED, over).when(rotate()).then_refused(KeyEnded)
    given(REGISTERED, ISSUED, REVOKED).when(rotate()).then_refused(KeyEnded)
    given(REGISTERED).when(rotate()).then_refused(KeyUnknown)


def test_naming_is_agreed_to_and_withdrawn() -> None:
    agreed, withdrawn = NamingAgreed(organisation_id="o"), NamingWithdrawn(organisation_id="o")
    given(REGISTERED).when(AgreeNaming(agreed=True)).then(agreed)
    given(REGISTERED).when(AgreeNaming(agreed=False)).then()
    given(REGISTERED, agreed).when(AgreeNaming(agreed=False)).then(withdrawn)
    given(REGISTERED, agreed, withdrawn).when(AgreeNaming(agreed=False)).then()


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
