"""A government and a sponsor both pay the same rent: each is told, and one of them mends it."""

from typing import Any

from shared.contracts.organisations import KeyIssued, OrganisationRegistered
from shared.contracts.resources import RENT
from shared.ids import new_opaque_id
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce, announce_home
from tests.support.publishing import Publisher
from tests.support.sectors import RENT_AGREEMENT, RENT_GRANT, Contributor
from tests.support.stack import MakeDatabase, Stack

AUGUST, SEPTEMBER = "2011-08", "2011-09"
NEED = 150_000


async def test_the_same_rent_month_is_shown_to_both_who_paid_it_until_one_corrects(
    stack: Stack, database: MakeDatabase
) -> None:
    db = await database("government_sponsorship", "rent_sponsorship", "ledger")
    services = {kind: await stack.start(kind.service, db) for kind in (RENT_GRANT, RENT_AGREEMENT)}
    ledger = await stack.start("ledger", db)
    home_id = new_opaque_id()
    city, sponsor, other = Partner("government"), Partner("company"), Partner("nonprofit")
    operator = Partner("government")
    async with Publisher(stack.kafka_bootstrap) as publisher:
        for partner in (city, sponsor, other):
            await announce(publisher, partner, home_id)
        await run_yui(publisher, operator)
        await announce_home(publisher, home_id, RENT, dict.fromkeys((AUGUST, SEPTEMBER), NEED))

    granting = Contributor(RENT_GRANT, services[RENT_GRANT].url, city, home_id)
    paying = Contributor(RENT_AGREEMENT, services[RENT_AGREEMENT].url, sponsor, home_id)
    for contributor in (granting, paying):
        await assert_eventually(contributor.knows_the_home)

    async def shown(to: Partner) -> list[dict[str, Any]]:
        return list((await Caller(ledger.url, to.key).read("/v1/discrepancies"))["items"])

    async def is_shown(**expected: Any) -> None:  # noqa: ANN401  JSON
        """To each with its own name alone: nobody has agreed to be named."""
        for one in (city, sponsor, operator):
            lines = [found for found in await shown(one) if found["home_id"] == home_id]
            assert len(lines) == 1
            line = lines[0]
            assert {name: line[name] for name in expected} == expected
            assert line["organisations"] == [
                two.organisation_id if one in {two, operator} else two.sector for two in both
            ]

    # Together what is required: public support of a part, the sponsor pays the rest.
    await granting.delivers(50_000, SEPTEMBER, gift=True)
    await paying.delivers(100_000, SEPTEMBER, gift=True)
    await paying.delivers(150_000, AUGUST, gift=True)
    disbursed = await granting.delivers(40_000, AUGUST, gift=True)
    both = sorted((city, sponsor), key=lambda one: one.organisation_id)
    expected = {"kind": "double_funding", "resource": RENT, "month": AUGUST, "excess": 40_000}

    async def is_found() -> None:
        await is_shown(**expected, episode=1)

    await assert_eventually(is_found)
    assert await shown(other) == [], "a third is party to the home, and paid nothing"

    await granting.corrects(disbursed, 0)

    async def is_mended() -> None:
        for one in (city, sponsor, operator):
            assert [found for found in await shown(one) if found["home_id"] == home_id] == []

    await assert_eventually(is_mended)

    # A month's rent is found again, and the sponsor mends it this time.
    await granting.corrects(disbursed, 10_000)

    async def is_found_again() -> None:
        await is_shown(**{**expected, "excess": 10_000}, episode=2)

    await assert_eventually(is_found_again)


async def run_yui(publisher: Publisher, operator: Partner) -> None:
    who = operator.organisation_id
    await publisher.publish(
        OrganisationRegistered(organisation_id=who, sectors=("government",), operates_yui=True),
        KeyIssued(
            organisation_id=who,
            key_id=operator.key.key_id,
            secret_sha256=operator.key.secret_sha256,
        ),
    )
