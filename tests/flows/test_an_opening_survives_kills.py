"""Whoever is killed at whatever step: a home opens whole or not at all, and the books agree."""

import asyncio

from deploy.checking.check import Asked, check
from deploy.database import AUDITOR
from deploy.services import SERVICES
from tests.support.openings import BAKER, CITY, STAFF, TOO_LATE, Answerer, Opening, opening
from tests.support.stack import MakeDatabase, Stack

ALL = [service.name for service in SERVICES]
PATIENCE_S = 60


async def begun(stack: Stack, database: MakeDatabase) -> Opening:
    home = await opening(stack, database, ALL)
    home.patience_s = PATIENCE_S
    return home


async def kill(home: Opening, *names: str) -> None:
    """Kill them at once, start them again, and wait until they answer."""
    processes = [home.here.services[name] for name in names]
    for process in processes:
        process.kill()
    for process in processes:
        process.launch()
    await asyncio.gather(*(process.ready(PATIENCE_S) for process in processes))


async def covers_although_killed(home: Opening, who: Answerer, *names: str) -> str:
    """Kill between the offer and its acceptance, and between that and the promise."""
    ask_id, offer_id = await home.offered(who)
    await kill(home, who.service)
    await home.accepts(ask_id, offer_id)
    await kill(home, "homes", *names)
    await home.is_promised(who, offer_id)
    return offer_id


async def verified(home: Opening, stack: Stack) -> None:
    findings = await check(
        Asked(database_url=home.database.url(AUDITOR), bootstrap=stack.kafka_bootstrap)
    )
    assert findings.differences == 0, findings.first


async def test_an_opening_is_reached_although_services_are_killed_at_each_step(
    stack: Stack, database: MakeDatabase
) -> None:
    home = await begun(stack, database)
    await home.begins()
    await kill(home, "homes", "ledger")
    await covers_although_killed(home, CITY, CITY.service)
    await covers_although_killed(home, STAFF, "ledger")
    await covers_although_killed(home, BAKER, BAKER.service, "ledger")

    async def is_open() -> None:
        shown = await home.shown()
        assert (shown["status"], shown["missing"]) == ("open", [])
        for cell in await home.books():
            assert (cell["open"], cell["promised"]) == (0, cell["required"]), cell

    await home.eventually(is_open)
    await verified(home, stack)


async def test_what_was_promised_is_released_although_services_are_killed_at_each_step(
    stack: Stack, database: MakeDatabase
) -> None:
    home = await begun(stack, database)
    await home.begins()
    grant = await covers_although_killed(home, CITY, CITY.service)
    await home.accepts(*await home.offered(STAFF))

    # The city's service hears nothing of the failure until it is back; the nonprofit's may hear
    # that its offer was accepted and that the opening has failed in one batch.
    away = home.here.services[CITY.service]
    away.kill()
    await kill(home, STAFF.service)
    for day in (TOO_LATE, "2011-07-02", "2011-07-03"):
        await home.here.it_is(day)
    await kill(home, "homes", "ledger")
    assert (await home.shown())["status"] == "failed"
    away.launch()
    await away.ready(PATIENCE_S)
    await kill(home, CITY.service, STAFF.service)

    await home.nothing_stands((CITY, grant))
    city = home.here.asking("city", CITY.service)
    again = {"home_id": home.here.home_id}
    assert await city.refused("/v1/grants", again) == "opening-has-failed"
    await verified(home, stack)
