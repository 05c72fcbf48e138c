"""All eight services as processes, three homes, and one caller of each kind."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

from deploy.database import Database
from deploy.services import SERVICES
from shared.access.keys import ApiKey, parse_key
from shared.contracts.homes import OfferAccepted
from shared.contracts.organisations import KeyIssued
from shared.envelope import to_headers
from shared.ids import new_id, new_opaque_id
from shared.schema import KEEP_PEOPLE
from tests.access.endpoints import Endpoint, endpoints
from tests.access.issuing import Provider, TestIssuer
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner
from tests.support.publishing import Publisher
from tests.support.sectors import KINDS, RENT_AGREEMENT, RENT_GRANT, Contributor, Kind
from tests.support.stack import Stack

NAMES: Final = tuple(service.name for service in SERVICES)
SECTORS: Final = ("government", "nonprofit", "company", "volunteers", "foster_parent")
SERVICE_SCOPES: Final = ("contribute", "read_home")
MONTH: Final = "2011-08"
WITHIN_S: Final = 30
LEASE: Final = {"kind": "ordinary", "starts_on": "2011-08-01", "rent_yen": 150_000}
NOUNS: Final = {
    "grants": ("grant", "disbursement"),
    "staffing-plans": ("plan", "timesheet"),
    "programmes": ("programme", "session"),
    "rent-agreements": ("agreement", "payment"),
    "pledges": ("pledge", "attendance"),
}

Things = dict[str, str]


@dataclass
class World:
    database: Database = field(repr=False)
    urls: Mapping[str, str]
    bootstrap: str
    client: httpx2.AsyncClient = field(repr=False)
    issuer: TestIssuer
    """Whose tokens are believed, and which is a test's own."""
    provider: Provider
    """One as it is in the world."""
    keys: dict[str, ApiKey] = field(default_factory=dict)
    """By kind of principal; `theirs` is another organisation's administrator's."""
    organisations: dict[str, str] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    """By relation, seen from our organisation."""
    things: dict[tuple[str, str, str], Things] = field(default_factory=dict)
    """What a name in a path means, by service, relation and first word of the path."""
    found: list[Endpoint] = field(default_factory=list, repr=False)

    def caller(self, service: str, kind: str) -> Caller:
        return Caller(self.urls[service], self.keys[kind])

    def partner(self, kind: str, organisation: str) -> Partner:
        return Partner("company", self.organisations[organisation], self.keys[kind])

    def meant(self, endpoint: Endpoint, relation: str) -> Things:
        """What the names in a path and a body mean in this relation."""
        return {
            **self.missing(endpoint),
            "home_id": self.homes[relation],
            "organisation_id": self.organisations["bystander"],
            **self.things.get((endpoint.service, relation, endpoint.noun), {}),
        }

    def missing(self, endpoint: Endpoint) -> Things:
        """Ids of the same shape under which nothing ever was."""
        shapes = {
            "key_id": new_opaque_id()[:16],
            "event_id": str(new_id()),
            "stream": f"home/{new_opaque_id()}",
            "parked_id": str(2**40),
            "fiscal_year": "2011",
        }
        return {name: shapes.get(name, new_opaque_id()) for name in {*endpoint.ids, "home_id"}}

    async def ask(
        self,
        endpoint: Endpoint,
        key: object,
        things: Things,
        *,
        accept: str = "application/json",
        **query: str,
    ) -> httpx2.Response:
        """Ask; of what never ends no more than its head is read."""
        headers = {
            "Authorization": f"Bearer {key}",
            "Idempotency-Key": new_opaque_id(),
            "Accept": accept,
        }
        body = {"json": endpoint.body(things)} if endpoint.method == "POST" else {}
        async with self.client.stream(
            endpoint.method,
            self.urls[endpoint.service] + endpoint.url(things),
            params={**endpoint.query(), **query},
            headers=headers,
            **body,
        ) as response:
            if "event-stream" not in response.headers.get("content-type", ""):
                await response.aread()
            return response


@asynccontextmanager
async def world(stack: Stack, folder: Path) -> AsyncIterator[World]:
    await stack.empty_topics()  # of keys that another world has issued to the same operator
    db = await stack.database(*NAMES)
    issuer, provider = TestIssuer(folder), Provider(folder)
    believed = {"YUI_ACCESS_ISSUERS": json.dumps([issuer.setting, provider.setting])}
    started = [stack.process(name, db, **believed) for name in NAMES]
    for process in started:
        process.launch()
    await asyncio.gather(*(process.ready(90) for process in started))
    urls = {one.service.name: one.url for one in started}
    try:
        with issuer.served(), provider.served():
            async with httpx2.AsyncClient(timeout=30) as client:
                made = World(db, urls, stack.kafka_bootstrap, client, issuer, provider)
                made.keys["operator"] = _key(stack.operator_key)
                await _fill(made)
                yield made
    finally:
        stack.stop_services()
        await stack.drop(db)


def _key(text: str) -> ApiKey:
    key = parse_key(text)
    assert key is not None
    return key


async def _fill(world: World) -> None:
    for service, url in world.urls.items():
        document = (await world.client.get(f"{url}/openapi.json")).json()
        world.found += endpoints(service, document)
    await _register(world)
    await _contribute(world)
    await _register_people(world)
    await _point_at_events(world)
    await _park(world)


async def _got(ask: Callable[[], Awaitable[str]]) -> str:
    """Ask until there is an answer, and return it."""
    found: list[str] = []

    async def asked() -> None:
        found.append(await ask())

    await assert_eventually(asked, within_seconds=WITHIN_S)
    return found[-1]


async def _register(world: World) -> None:
    register, homes = world.caller("organisations", "operator"), world.caller("homes", "operator")
    for name in ("ours", "theirs", "strangers", "bystander"):
        body = {"name": f"The {name}", "sectors": SECTORS}
        answer = await register.done("/v1/organisations", body)
        world.organisations[name] = answer["organisation_id"]
    for relation, runs in (("own", "ours"), ("party to", "theirs"), ("foreign", "theirs")):
        world.homes[relation] = await _home(homes, world.organisations[runs])
        parties = ("theirs",) if relation == "foreign" else ("ours", "theirs")
        for party in parties:
            for sector in SECTORS:
                joining = {"organisation_id": world.organisations[party], "sector": sector}
                await register.done(f"/v1/homes/{world.homes[relation]}/parties", joining)
    await _issue_keys(world, register)
    for relation, name in (("own", "ours"), ("party to", "theirs"), ("foreign", "strangers")):
        organisation_id = world.organisations[name]
        spare = await register.done(f"/v1/organisations/{organisation_id}/keys")
        meant = {"organisation_id": organisation_id, "key_id": spare["key_id"]}
        for service in ("organisations", "ledger"):
            world.things[service, relation, "organisations"] = meant


async def _home(homes: Caller, runs: str) -> str:
    body = {
        "prefecture_code": "14",
        "home_operator_kind": "nonprofit",
        "home_operator_id": runs,
        "capacity": 6,
        "opens_on": "2011-08-01",
        "needs_through": "2011-09",
    }

    async def registered() -> str:
        answer = await homes.post("/v1/homes", body)
        assert answer.is_success, answer.text
        return str(answer.json()["home_id"])

    return await _got(registered)


async def _issue_keys(world: World, register: Caller) -> None:
    caregiver = {"role": "caregiver", "home_id": world.homes["own"]}
    kinds: Mapping[str, tuple[str, Mapping[str, Any]]] = {
        "administrator": ("ours", {"role": "administrator"}),
        "member": ("ours", {"role": "member"}),
        "reader": ("ours", {"role": "reader"}),
        "caregiver": ("ours", caregiver),
        "service": ("ours", {"role": "service", "scopes": SERVICE_SCOPES}),
        "theirs": ("theirs", {}),
    }
    for kind, (name, limits) in kinds.items():
        path = f"/v1/organisations/{world.organisations[name]}/keys"
        world.keys[kind] = _key((await register.done(path, dict(limits)))["key"])
    auditing = await register.done("/v1/organisations/operator/keys", {"role": "auditor"})
    world.keys["auditor"] = _key(auditing["key"])


async def _contribute(world: World) -> None:
    """Commitments of each kind: ours in our home, theirs in the two that they run."""
    for kind in KINDS:
        if kind is RENT_GRANT:
            continue
        for relation, who in (("own", "ours"), ("party to", "theirs"), ("foreign", "theirs")):
            made = await _committed(world, kind, relation, who)
            disputed = ("theirs", "administrator")[who == "theirs"]
            things = await _disputed(world, kind, made, relation, disputed)
            world.things[kind.service, relation, kind.commitments] = things
            if kind is RENT_AGREEMENT:
                lease = {**LEASE, "home_id": world.homes[relation]}
                leased = await made.caller.done("/v1/leases", lease)
                named = {
                    "lease_id": leased["lease_id"],
                    "agreement_id": made.commitment_id,
                }
                part = {"agreement_id": made.commitment_id, "from_month": MONTH}
                await made.caller.done(f"/v1/leases/{named['lease_id']}/parts", part)
                world.things[kind.service, relation, "leases"] = named
    for relation in world.homes:
        made = await _committed(world, RENT_AGREEMENT, relation, "theirs")
        things = await _disputed(world, RENT_AGREEMENT, made, relation, "administrator")
        world.things["homes", relation, "homes"] = {
            "delivery_id": things["payment_id"],
            "dispute_id": things["dispute_id"],
        }


async def _committed(world: World, kind: Kind, relation: str, who: str) -> Contributor:
    key = "administrator" if who == "ours" else "theirs"
    partner, url = world.partner(key, who), world.urls[kind.service]
    made = Contributor(kind, url, partner, world.homes[relation])
    await assert_eventually(made.knows_the_home, within_seconds=WITHIN_S)
    return made


async def _disputed(world: World, kind: Kind, made: Contributor, relation: str, by: str) -> Things:
    """A delivery that its home disputes, where anybody but who delivered may."""
    commitment, delivery = NOUNS[kind.commitments]
    delivery_id = await made.delivers(10, MONTH, gift=True)
    named = {f"{commitment}_id": made.commitment_id, f"{delivery}_id": delivery_id}
    if relation == "foreign":
        return {**named, "dispute_id": new_opaque_id()}
    home, path = world.caller("homes", by), f"/v1/homes/{world.homes[relation]}/deliveries"

    async def disputed() -> str:
        reason = {"reason_code": "quantity_differs"}
        answer = await home.post(f"{path}/{delivery_id}/disputes", reason)
        assert answer.is_success, answer.text
        return str(answer.json()["dispute_id"])

    dispute_id = await _got(disputed)
    listed = f"/v1/{kind.commitments}/{made.commitment_id}/{kind.deliveries}"

    async def heard() -> None:
        (one,) = (await made.caller.read(listed))["items"]
        assert one["dispute_id"] == dispute_id

    await assert_eventually(heard, within_seconds=WITHIN_S)
    return {**named, "dispute_id": dispute_id}


async def _register_people(world: World) -> None:
    """Somebody of ours, and for each home of theirs somebody of theirs."""
    somebody = {"name": "Somebody", "retained_until": "2999-03-31"}
    for service in KEEP_PEOPLE:
        for relation, key in (
            ("own", "administrator"),
            ("party to", "theirs"),
            ("foreign", "theirs"),
        ):
            told = await world.caller(service, key).done("/v1/people", somebody)
            world.things[service, relation, "people"] = {"person_id": told["person_id"]}


async def _point_at_events(world: World) -> None:
    log = world.caller("eventlog", "operator")
    for relation, home_id in world.homes.items():

        async def logged(home_id: str = home_id) -> str:
            path = f"/v1/events?home_id={home_id}&topic=yui.rent_sponsorship.v1"
            found = (await log.read(path))["items"]
            assert found, path
            return str(found[0]["event_id"])

        event_id = await _got(logged)
        for service in ("ledger", "eventlog"):
            world.things[service, relation, "events"] = {"event_id": event_id}
        world.things["eventlog", relation, "streams"] = {"stream": f"home/{home_id}"}


async def _park(world: World) -> None:
    """A record that no listener can read, so that there is something to see and to mend."""
    of_nobody: dict[str, Any] = {"organisation_id": "poison", "home_id": "poison"}
    async with Publisher(world.bootstrap) as publisher:
        for kind in (KeyIssued, OfferAccepted):
            event = kind.model_construct(**of_nobody)
            headers = to_headers(publisher.envelope(event, 1))
            await publisher.send_raw(event.owner, event.key.encode(), b"poison", headers)
    for service in NAMES:
        caller = world.caller(service, "operator")

        async def parked(caller: Caller = caller) -> str:
            found = (await caller.read("/v1/parked"))["items"]
            assert found, "nothing is parked yet"
            return str(found[0]["parked_id"])

        parked_id = await _got(parked)
        for relation in world.homes:
            world.things[service, relation, "parked"] = {"parked_id": parked_id}
