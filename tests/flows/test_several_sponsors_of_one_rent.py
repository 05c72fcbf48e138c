"""Two sponsors share one rent to the yen; one gives notice, and the other's part stands."""

from typing import Any

from shared.contracts.resources import RENT
from shared.ids import new_opaque_id
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce, announce_home
from tests.support.publishing import Publisher
from tests.support.sectors import RENT_AGREEMENT, Contributor
from tests.support.stack import MakeDatabase, Stack

MONTHS = ("2011-12", "2012-01", "2012-02", "2012-03")
NEED = 155_001
PERIOD = {"from_month": MONTHS[0], "through_month": MONTHS[-1]}


async def test_two_sponsors_of_one_rent_reach_the_books_and_one_withdraws(
    stack: Stack, database: MakeDatabase
) -> None:
    db = await database("rent_sponsorship", "ledger")
    rent = await stack.start("rent_sponsorship", db)
    ledger = await stack.start("ledger", db)
    home_id = new_opaque_id()
    sponsor, baker, tenant = Partner("company"), Partner("company"), Partner("nonprofit")
    async with Publisher(stack.kafka_bootstrap) as publisher:
        for partner in (sponsor, baker, tenant):
            await announce(publisher, partner, home_id)
        await announce_home(publisher, home_id, RENT, dict.fromkeys(MONTHS, NEED))
    paying = {
        share: Contributor(RENT_AGREEMENT, rent.url, partner, home_id)
        for share, partner in ((60, sponsor), (40, baker))
    }
    for contributor in paying.values():
        await assert_eventually(contributor.knows_the_home)

    leasing = Caller(rent.url, tenant.key)
    terms = {"kind": "fixed_term", "starts_on": "2011-08-01", "term_ends_on": "2012-11-30"}
    lease = {"home_id": home_id, **terms, "rent_yen": 150_000, "division": "by_share"}
    path = f"/v1/leases/{(await leasing.done('/v1/leases', lease))['lease_id']}"
    raised = {"from_month": "2011-12", "rent_yen": 145_001, "common_charge_yen": 10_000}
    await leasing.done(f"{path}/rent", raised)
    for share, contributor in paying.items():
        part = {"agreement_id": contributor.commitment_id, "from_month": "2011-12"}
        await contributor.caller.done(f"{path}/parts", {**part, "share_percent": share})
        promises = f"{path}/parts/{contributor.commitment_id}/promises"
        await contributor.caller.done(promises, PERIOD)

    async def books() -> list[tuple[str, int, int]]:
        found = await Caller(ledger.url, tenant.key).read(f"/v1/homes/{home_id}/ledger")
        return [(one["month"], one["open"], one["promised"]) for one in found["items"]]

    async def are(*expected: Any) -> None:  # noqa: ANN401  a line of the books
        assert await books() == list(expected)

    # 93,001 and 62,000 yen: together the rent, with its odd yen.
    await assert_eventually(lambda: are(*((month, 0, NEED) for month in MONTHS)))
    assert await shares(paying[60]) == [93_001] * 4
    assert await shares(paying[40]) == [62_000] * 4

    # Two months' notice on 10 December runs out on 10 February: March is uncovered.
    await paying[60].withdraws("2011-12-10")
    covered = [(month, 0, NEED) for month in MONTHS[:3]]
    await assert_eventually(lambda: are(*covered, (MONTHS[3], 93_001, 62_000)))
    (march,) = (await leasing.read(f"{path}/parts?from_month=2012-03&limit=1"))["items"]
    (part,) = march["parts"]
    # Now the first, the baker would pay the odd yen; its promise stands until it says so.
    assert (march["open_yen"], part["part_yen"], part["promised_yen"]) == (93_000, 62_001, 62_000)


async def shares(contributor: Contributor) -> list[int]:
    return [month["promised"] for month in (await contributor.months()).values()]
