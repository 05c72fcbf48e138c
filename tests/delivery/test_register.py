"""Who asks, and what of it is believed for a moment without asking the tables again."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.access import register
from shared.access.keys import ApiKey, new_key
from shared.access.policy import Principal
from shared.access.register import TYPE_NAMES, Register
from shared.contracts.event import Event
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
    SectorsChanged,
)
from shared.postgres import Pool
from shared.refusal import NotFound
from tests.delivery.streams import Told
from tests.support.eventually import assert_eventually

SHOP = "minato-trading"
HOME = "home-1"
KEY: ApiKey = new_key()
REGISTERED = OrganisationRegistered(organisation_id=SHOP, sectors=("company",))
ISSUED = KeyIssued(organisation_id=SHOP, key_id=KEY.key_id, secret_sha256=KEY.secret_sha256)
REVOKED = KeyRevoked(organisation_id=SHOP, key_id=KEY.key_id)
GRANTED = KeyGranted(
    organisation_id=SHOP, key_id=KEY.key_id, secret_sha256=KEY.secret_sha256, role="reader"
)
SUPERSEDED = KeySuperseded(
    organisation_id=SHOP,
    key_id=KEY.key_id,
    successor_id="0" * 16,
    expires_at=datetime(2012, 1, 1, tzinfo=UTC),
)
AGREED, WITHDRAWN = NamingAgreed(organisation_id=SHOP), NamingWithdrawn(organisation_id=SHOP)
JOINED = PartyJoined(home_id=HOME, organisation_id=SHOP, sector="company")
LEFT = PartyLeft(home_id=HOME, organisation_id=SHOP, sector="company")
WITHIN_S = 5


async def apply(pool: Pool, *events: Event) -> None:
    async with pool.acquire() as connection:
        for event in events:
            await register.project(connection, event, Told("a", 1).envelope)


def names(*events: Event) -> Sequence[str]:
    return [event.type_name() for event in events]


@pytest.fixture
async def known(pool: Pool) -> Register:
    """A register that has been asked of the shop already."""
    await apply(pool, REGISTERED, ISSUED, JOINED)
    found = Register(pool)
    shop = await found.principal(KEY)
    assert shop is not None
    assert await found.is_party(HOME, shop)
    return found


async def test_a_key_that_was_revoked_opens_nothing_as_soon_as_that_is_applied_here(
    known: Register, pool: Pool
) -> None:
    await apply(pool, REVOKED)
    known.heard(names(REVOKED))
    assert await known.principal(KEY) is None


async def test_a_key_that_another_process_has_revoked_opens_nothing_within_seconds(
    known: Register, pool: Pool
) -> None:
    await apply(pool, REVOKED)

    async def closed() -> bool:
        return await known.principal(KEY) is None

    await assert_eventually(closed, within_seconds=WITHIN_S)


async def test_a_key_opens_as_soon_as_it_is_known(pool: Pool) -> None:
    empty = Register(pool)
    assert await empty.principal(KEY) is None
    await apply(pool, REGISTERED, ISSUED)
    assert await empty.principal(KEY) == Principal(SHOP, frozenset({"company"}))


async def test_who_has_left_a_home_is_a_stranger_as_soon_as_that_is_applied_here(
    known: Register, pool: Pool
) -> None:
    shop = Principal(SHOP, frozenset({"company"}))
    await apply(pool, LEFT)
    known.heard(names(LEFT))
    with pytest.raises(NotFound):
        await known.allow(shop, "read_home", home_id=HOME)


async def test_sectors_that_have_changed_hold_as_soon_as_that_is_applied_here(
    known: Register, pool: Pool
) -> None:
    changed = SectorsChanged(organisation_id=SHOP, sectors=("nonprofit",))
    await apply(pool, changed)
    known.heard(names(changed))
    assert await known.principal(KEY) == Principal(SHOP, frozenset({"nonprofit"}))


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"role": "reader"}, {"role": "reader"}),
        (
            {"role": "service", "scopes": ("read_home",)},
            {"role": "service", "scopes": frozenset({"read_home"})},
        ),
        ({"role": "caregiver", "home_id": HOME}, {"role": "caregiver", "home_id": HOME}),
    ],
)
async def test_a_key_does_what_it_was_granted_for(
    pool: Pool, limits: dict[str, Any], expected: dict[str, Any]
) -> None:
    await apply(pool, REGISTERED, GRANTED.model_copy(update=limits))
    assert await Register(pool).principal(KEY) == Principal(
        SHOP, frozenset({"company"}), **expected
    )


@pytest.mark.parametrize("role", ["operator", "auditor", "a-role-of-a-later-release"])
async def test_a_role_that_is_unknown_or_not_its_organisations_to_give_opens_nothing(
    pool: Pool, role: str
) -> None:
    await apply(pool, REGISTERED, GRANTED.model_copy(update={"role": role}))
    assert await Register(pool).principal(KEY) is None


async def test_a_key_that_was_replaced_opens_until_its_time_has_come(pool: Pool) -> None:
    later = SUPERSEDED.model_copy(update={"expires_at": datetime(9999, 1, 1, tzinfo=UTC)})
    await apply(pool, REGISTERED, ISSUED, later)
    assert await Register(pool).principal(KEY) is not None
    await apply(pool, SUPERSEDED)
    assert await Register(pool).principal(KEY) is None


async def test_another_secret_opens_nothing_though_the_key_has_just_been_used(
    known: Register,
) -> None:
    assert await known.principal(ApiKey(KEY.key_id, new_key().secret)) is None


def test_whatever_changes_what_is_known_makes_it_forget() -> None:
    told = {REGISTERED, ISSUED, GRANTED, SUPERSEDED, REVOKED, AGREED, WITHDRAWN, JOINED, LEFT}
    assert set(names(*told)) | {SectorsChanged.type_name()} == TYPE_NAMES
