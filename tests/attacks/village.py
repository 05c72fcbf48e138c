"""All services as processes, one home, and one principal of each kind to attack them as."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.services import SERVICES
from shared.access.keys import new_key
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.sectors import KINDS
from tests.support.stack import Stack

SECTORS: Final = ("government", "nonprofit", "company", "volunteers", "foster_parent")
HOME: Final = {
    "prefecture_code": "14",
    "home_operator_kind": "nonprofit",
    "capacity": 6,
    "opens_on": "2011-08-01",
    "needs_through": "2012-03",
}


@dataclass
class Village:
    urls: Mapping[str, str]
    keys: dict[str, str] = field(default_factory=dict)
    """By kind of principal; one that nobody has issued is among them."""
    known: dict[str, set[Any]] = field(default_factory=dict)
    """What names in paths and bodies may truly mean: `home_id`, `commitment_id`, …"""

    def caller(self, service: str, kind: str) -> Caller:
        return Caller(self.urls[service], self.keys[kind])

    def learn(self, told: object) -> None:
        """Remember every id that an answer tells."""
        match told:
            case dict():
                for name, value in told.items():
                    if name.endswith("_id") and isinstance(value, str):
                        self.known.setdefault(name, set()).add(value)
                    self.learn(value)
            case list():
                for one in told:
                    self.learn(one)
            case _:
                pass


@asynccontextmanager
async def village(stack: Stack) -> AsyncIterator[Village]:
    names = [service.name for service in SERVICES]
    database = await stack.database(*names)
    started = [stack.process(name, database) for name in names]
    for process in started:
        process.launch()
    await asyncio.gather(*(process.ready(90) for process in started))
    made = Village({process.service.name: process.url for process in started})
    made.keys = {"nobody": str(new_key()), "operator": stack.operator_key}
    await _settle(made)
    yield made
    for process in started:
        process.kill()
    await stack.drop(database)


async def _settle(made: Village) -> None:
    """Register who takes part, a home, and an agreement of each kind on it."""
    register, homes = made.caller("organisations", "operator"), made.caller("homes", "operator")
    for name in ("partner", "stranger"):
        body = {"name": f"The {name}", "sectors": SECTORS}
        organisation_id = (await register.done("/v1/organisations", body))["organisation_id"]
        issued = await register.done(f"/v1/organisations/{organisation_id}/keys")
        made.keys[name] = issued["key"]
        made.learn({"organisation_id": organisation_id, "key_id": issued["key_id"]})
        if name == "partner":
            await _open_home(made, homes, organisation_id)
            home_id = next(iter(made.known["home_id"]))
            for sector in SECTORS:
                party = {"organisation_id": organisation_id, "sector": sector}
                await register.done(f"/v1/homes/{home_id}/parties", party)
    for kind in KINDS:
        await _agree(made, kind.service, kind.commitments, kind.resource)


async def _open_home(made: Village, homes: Caller, runs: str) -> None:
    async def registered() -> None:
        answer = await homes.post("/v1/homes", {**HOME, "home_operator_id": runs})
        assert answer.is_success, answer.text
        made.learn(answer.json())

    await assert_eventually(registered, within_seconds=30)


async def _agree(made: Village, service: str, commitments: str, resource: str) -> None:
    home_id = next(iter(made.known["home_id"]))

    async def agreed() -> None:
        body = {"home_id": home_id, "resource": resource}
        answer = await made.caller(service, "partner").post(f"/v1/{commitments}", body)
        assert answer.is_success, answer.text
        made.learn(answer.json())

    await assert_eventually(agreed, within_seconds=30)
