"""A home that real services know, with partners who may be party to it or not yet."""

from dataclasses import dataclass, field
from typing import Any, Final

from shared.contracts.resources import RENT
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.stack import MakeDatabase, ServiceProcess, Stack

SERVICES: Final = (
    "organisations",
    "homes",
    "rent_sponsorship",
    "government_sponsorship",
    "ledger",
)
NEED: Final = 150_000


@dataclass
class Neighbourhood:
    """The services, and who takes part."""

    services: dict[str, ServiceProcess]
    operator_key: str
    home_id: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def asking(self, name: str, service: str) -> Caller:
        return Caller(self.services[service].url, self.keys[name])

    def operating(self, service: str) -> Caller:
        return Caller(self.services[service].url, self.operator_key)

    async def registers(self, name: str, *sectors: str) -> None:
        register = self.operating("organisations")
        body = {"name": name, "sectors": list(sectors)}
        made = await register.done("/v1/organisations", body)
        self.ids[name] = made["organisation_id"]
        key = await register.done(f"/v1/organisations/{self.ids[name]}/keys")
        self.keys[name] = key["key"]
        for service in self.services:
            caller = self.asking(name, service)

            async def opens(caller: Caller = caller) -> bool:
                return (await caller.get("/v1/nowhere")).status_code != 401

            await assert_eventually(opens)

    async def joins(self, name: str, sector: str) -> None:
        body = {"organisation_id": self.ids[name], "sector": sector}
        parties = f"/v1/homes/{self.home_id}/parties"
        await self.operating("organisations").done(parties, body)

    async def it_is(self, day: str) -> None:
        await self.operating("homes").done("/v1/business-date", {"business_date": day})

    async def eventually(self, name: str, service: str, path: str, body: dict[str, Any]) -> str:
        """Ask until what it rests on has been heard; return the id that is answered."""
        answers: list[dict[str, Any]] = []
        caller = self.asking(name, service)

        async def is_done() -> bool:
            answers.append(await caller.done(path, body))
            return True

        await assert_eventually(is_done)
        return str(answers[-1].get("commitment_id", ""))

    async def asks(self, status: str = "open") -> list[dict[str, Any]]:
        """The home's asks, as its operator sees them."""
        path = f"/v1/asks?status={status}"
        return list((await self.asking("nonprofit", "homes").read(path))["items"])

    async def seen(self, name: str, service: str, path: str) -> list[dict[str, Any]]:
        """What somebody sees of what homes ask, in their own service."""
        return list((await self.asking(name, service).read(path))["items"])


async def neighbourhood(stack: Stack, database: MakeDatabase, *also: str) -> Neighbourhood:
    """One home whose rent a sponsor has promised; two more companies and a city look on."""
    await stack.empty_topics()
    db = await database(*SERVICES, *also)
    started = {name: await stack.start(name, db) for name in (*SERVICES, *also)}
    here = Neighbourhood(started, stack.operator_key)

    async def is_known() -> bool:
        return (await here.operating("homes").get("/v1/homes")).is_success

    await assert_eventually(is_known)
    for name, sector in {
        "nonprofit": "nonprofit",
        "sponsor": "company",
        "baker": "company",
        "carpenter": "company",
        "city": "government",
    }.items():
        await here.registers(name, sector)
    await here.it_is("2011-12-01")
    home = {
        "prefecture_code": "14",
        "home_operator_kind": "nonprofit",
        "home_operator_id": here.ids["nonprofit"],
        "capacity": 6,
        "opens_on": "2011-12-01",
        "needs_through": "2012-04",
    }
    here.home_id = (await here.operating("homes").done("/v1/homes", home))["home_id"]
    await here.joins("nonprofit", "nonprofit")
    await here.joins("sponsor", "company")
    needs = {"resource": RENT, "from_month": "2011-12", "quantity": NEED}
    await here.asking("nonprofit", "homes").done(f"/v1/homes/{here.home_id}/needs", needs)
    return here


async def sponsored(here: Neighbourhood) -> str:
    """Have the sponsor promise all of the rent; return its agreement."""
    body = {"home_id": here.home_id, "notice_months": 2}
    agreement = await here.eventually("sponsor", "rent_sponsorship", "/v1/rent-agreements", body)
    promise = {"from_month": "2011-12", "through_month": "2012-04", "amount_yen": NEED}
    path = f"/v1/rent-agreements/{agreement}"
    await here.eventually("sponsor", "rent_sponsorship", f"{path}/promises", promise)

    async def all_is_covered() -> None:
        assert await here.asks() == []
        assert len(await here.asks("closed")) == 1, "asked for until it was promised"

    await assert_eventually(all_is_covered)
    return path
