"""Each partner decides by what the homes' events have told it: without the event, otherwise."""

from dataclasses import dataclass
from datetime import date

from shared.contracts.event import Event
from shared.contracts.homes import (
    DeliveryConfirmed,
    DeliveryDisputed,
    DisputeClosed,
    HomeClosed,
    HomeRegistered,
    NeedRestated,
    RequiredTotal,
)
from shared.ids import new_opaque_id
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce, announce_home
from tests.support.publishing import Publisher
from tests.support.sectors import (
    GRANT,
    PLEDGE,
    RENT_AGREEMENT,
    STAFFING_PLAN,
    Contributor,
    Kind,
)
from tests.support.stack import MakeDatabase, Stack

AUGUST = "2011-08"


@dataclass
class Village:
    """One home and one partner, and what the home has not said yet."""

    home_id: str
    contributor: Contributor
    publisher: Publisher

    async def says(self, *events: Event) -> None:
        await self.publisher.publish(*events)


async def knowing_the_home(
    kind: Kind, stack: Stack, database: MakeDatabase, publisher: Publisher
) -> Village:
    """Start a partner's service that has heard of a home and of what it needs in August."""
    village = await village_of(kind, stack, database, publisher)
    await announce_home(publisher, village.home_id, kind.resource, {AUGUST: kind.need})
    contributor = village.contributor
    await assert_eventually(contributor.knows_the_home)

    async def promises_august() -> None:
        await contributor.promises(kind.need, AUGUST, AUGUST)

    await assert_eventually(promises_august)
    return village


async def village_of(
    kind: Kind, stack: Stack, database: MakeDatabase, publisher: Publisher
) -> Village:
    process = await stack.start(kind.service, await database(kind.service))
    home_id, partner = new_opaque_id(), Partner(kind.sector)
    await announce(publisher, partner, home_id)
    return Village(home_id, Contributor(kind, process.url, partner, home_id), publisher)


async def test_no_rent_agreement_for_a_home_that_is_unknown_or_closed(
    stack: Stack, database: MakeDatabase
) -> None:
    async with Publisher(stack.kafka_bootstrap) as publisher:
        village = await village_of(RENT_AGREEMENT, stack, database, publisher)
        sponsor = village.contributor

        async def is_refused_as(rule: str) -> None:
            assert await sponsor.agreement_refused() == rule

        # Not a party yet: then not even the home exists for it. As a party it is told why.
        await assert_eventually(lambda: is_refused_as("home-unknown"))
        await village.says(
            HomeRegistered(
                home_id=village.home_id,
                prefecture_code="14",
                home_operator_kind="foster_parent",
                home_operator_id="operator-of-the-home",
                capacity=6,
                opens_on=date(2011, 8, 1),
            )
        )
        await assert_eventually(sponsor.knows_the_home)
        await village.says(HomeClosed(home_id=village.home_id, closed_on=date(2012, 3, 31)))
        await assert_eventually(lambda: is_refused_as("home-closed"))


async def test_nothing_is_granted_beyond_what_is_needed_unless_said_so(
    stack: Stack, database: MakeDatabase
) -> None:
    async with Publisher(stack.kafka_bootstrap) as publisher:
        village = await knowing_the_home(GRANT, stack, database, publisher)
        government = village.contributor
        more = 2 * GRANT.need
        beyond = (more, AUGUST, AUGUST)
        assert await government.promise_refused(*beyond) == "promise-beyond-need"
        total = RequiredTotal(resource=GRANT.resource, month=AUGUST, quantity=more)
        await village.says(NeedRestated(home_id=village.home_id, required=(total,)))

        async def grants_more() -> None:
            await government.promises(*beyond)

        await assert_eventually(grants_more)
        assert await government.promise_refused(more + 1, AUGUST, AUGUST) == "promise-beyond-need"
        await government.promises(more + 1, AUGUST, AUGUST, beyond_need=True)


async def test_hours_are_not_corrected_below_what_the_home_has_confirmed(
    stack: Stack, database: MakeDatabase
) -> None:
    async with Publisher(stack.kafka_bootstrap) as publisher:
        village = await knowing_the_home(STAFFING_PLAN, stack, database, publisher)
        nonprofit = village.contributor
        timesheet = await nonprofit.delivers(1_000, AUGUST)
        await nonprofit.corrects(timesheet, 800)
        await village.says(
            DeliveryConfirmed(
                home_id=village.home_id,
                delivery_id=timesheet,
                delivery_version=4,
                quantity=700,
                confirmed=700,
                confirmed_by="operator-of-the-home",
            )
        )
        listed = f"{nonprofit.delivery(timesheet).rpartition('/')[0]}"

        async def is_confirmed() -> None:
            found = (await nonprofit.caller.read(listed))["items"]
            assert [one["confirmed"] for one in found] == [700]

        await assert_eventually(is_confirmed)
        assert await nonprofit.correction_refused(timesheet, 699) == "correction-below-confirmed"
        await nonprofit.corrects(timesheet, 700)


async def test_volunteers_answer_a_dispute_once_the_home_has_raised_it(
    stack: Stack, database: MakeDatabase
) -> None:
    async with Publisher(stack.kafka_bootstrap) as publisher:
        village = await knowing_the_home(PLEDGE, stack, database, publisher)
        group, dispute_id = village.contributor, new_opaque_id()
        attendance = await group.delivers(300, AUGUST)
        path = f"{group.delivery(attendance)}/disputes/{dispute_id}/answer"
        stands = {"reason_code": "as_agreed"}
        assert await group.caller.refused(path, stands) == "not-found"

        await village.says(
            DeliveryDisputed(
                home_id=village.home_id,
                delivery_id=attendance,
                dispute_id=dispute_id,
                reason_code="quantity_differs",
                disputed_by="operator-of-the-home",
            )
        )

        async def answers() -> None:
            await group.caller.done(path, stands)

        await assert_eventually(answers)
        await village.says(
            DisputeClosed(
                home_id=village.home_id,
                delivery_id=attendance,
                dispute_id=dispute_id,
                closed_by="operator-of-the-home",
            )
        )

        async def is_refused() -> None:
            assert await group.caller.refused(path, stands) == "not-found"

        await assert_eventually(is_refused)
