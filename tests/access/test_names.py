"""What a partner reads tells of no foreign home, and names nobody who has not agreed."""

import re
from collections.abc import AsyncIterator
from typing import Final

from tests.access.endpoints import ASKS
from tests.access.table import RELATIONS
from tests.access.world import World
from tests.support.eventually import assert_eventually

READERS: Final = ("administrator", "member", "reader", "caregiver", "service")
FORMATS: Final = ("application/json", "text/csv", "text/html")
WHO_RUNS_IT: Final = re.compile(r"home_operator_id\W+[a-z0-9]+")
"""What every party to a home knows of it."""
HOMES_AS_CSV: Final = "GET /v1/homes as text/csv"


async def everything_read(peopled: World) -> AsyncIterator[tuple[str, str]]:
    """Whatever can be read, as each kind of partner, in each format: where, and what."""
    for endpoint in peopled.found:
        if endpoint.method != "GET" or endpoint.noun in ASKS:
            continue
        for kind in READERS:
            for relation in RELATIONS if endpoint.ids else RELATIONS[:1]:
                for accept in FORMATS:
                    things = peopled.meant(endpoint, relation)
                    answer = await peopled.ask(endpoint, peopled.keys[kind], things, accept=accept)
                    if "event-stream" not in answer.headers["content-type"]:
                        yield f"{kind}: {endpoint} as {accept}", answer.text


async def test_nothing_of_a_foreign_home_is_read_and_nobody_is_named(peopled: World) -> None:
    foreign = {
        one
        for (service, relation, _), things in peopled.things.items()
        if relation == "foreign" and service not in {"eventlog", "ledger", "organisations"}
        for name, one in things.items()
        if name != "parked_id"
    }
    hidden = {peopled.homes["foreign"], *foreign}
    async for where, text in everything_read(peopled):
        assert not [one for one in hidden if one in text], where
        if HOMES_AS_CSV not in where:
            assert peopled.organisations["theirs"] not in WHO_RUNS_IT.sub("", text), where


async def test_who_agrees_is_named_until_that_is_withdrawn(peopled: World) -> None:
    theirs = peopled.organisations["theirs"]
    entries = f"/v1/homes/{peopled.homes['own']}/entries?limit=500"
    reader = peopled.caller("ledger", "reader")
    naming = f"/v1/organisations/{theirs}/naming"

    async def told() -> set[str | None]:
        return {item["organisation_id"] for item in (await reader.read(entries))["items"]}

    sectors = "company+foster_parent+government+nonprofit+volunteers"
    assert sectors in await told()
    await peopled.caller("organisations", "theirs").done(naming, {"agreed": True})

    async def is_named() -> bool:
        return theirs in await told()

    await assert_eventually(is_named)
    await peopled.caller("organisations", "theirs").done(naming, {"agreed": False})

    async def is_named_no_longer() -> bool:
        return not await is_named()

    await assert_eventually(is_named_no_longer)
