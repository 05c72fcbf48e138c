"""The partners of a few homes, and the random but lawful things that they do."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from tests.chaos.caller import Caller
from tests.chaos.offering import Offering
from tests.chaos.plan import Plan
from tests.chaos.turnstile import Turnstile

MONTHS: Final = ("2011-08", "2011-09", "2011-10", "2011-11", "2011-12", "2012-01", "2012-02")
OPENS_ON: Final = "2011-08-01"
NEED: Final = {"rent": 150_000, "caregiving": 43_200, "programme": 8, "volunteering": 960}


@dataclass(frozen=True)
class Nouns:
    """How one sector speaks of its promises and deliveries."""

    service: str
    sector: str
    commitments: str
    deliveries: str
    quantity: str
    resource: str

    @property
    def path(self) -> str:
        return f"{self.service}/v1/{self.commitments}"

    @property
    def usual(self) -> int:
        return NEED.get(self.resource, 250_000)


NOUNS: Final = (
    Nouns("rent_sponsorship", "company", "rent-agreements", "payments", "amount_yen", "rent"),
    Nouns(
        "government_sponsorship", "government", "grants", "disbursements", "amount_yen", "needs"
    ),
    Nouns(
        "nonprofit_staffing",
        "nonprofit",
        "staffing-plans",
        "hours-worked",
        "minutes",
        "caregiving",
    ),
    Nouns("nonprofit_staffing", "nonprofit", "programmes", "sessions", "sessions", "programme"),
    Nouns("volunteers", "volunteers", "pledges", "attendances", "minutes", "volunteering"),
)


@dataclass(frozen=True)
class Organisation:
    organisation_id: str
    key: str
    sector: str


@dataclass(frozen=True)
class Village:
    homes: Sequence[str]
    by_sector: dict[str, Organisation]
    receiving: Organisation
    """Runs the homes; party to all of them, delivers nothing."""


async def found(
    caller: Caller, client: httpx2.AsyncClient, operator_key: str, plan: Plan
) -> Village:
    """Register organisations and homes, through the APIs."""

    async def organisation(sector: str, name: str) -> Organisation:
        body = {"name": name, "sectors": [sector]}
        path = "organisations/v1/organisations"
        registered = await caller.told(client, operator_key, path, body)
        organisation_id = registered["organisation_id"]
        issued = await _key(caller, client, operator_key, organisation_id)
        return Organisation(organisation_id, issued, sector)

    sectors = sorted({nouns.sector for nouns in NOUNS})
    by_sector = {sector: await organisation(sector, f"Chaos of {sector}") for sector in sectors}
    receiving = await organisation("nonprofit", "Whoever runs the homes")
    homes = [
        await _home(caller, client, operator_key, receiving, by_sector) for _ in range(plan.homes)
    ]
    return Village(homes, by_sector, receiving)


async def _key(
    caller: Caller, client: httpx2.AsyncClient, operator_key: str, organisation_id: str
) -> str:
    while True:
        path = f"organisations/v1/organisations/{organisation_id}/keys"
        issued = await caller.told(client, operator_key, path, {})
        # A key is shown once: where that answer was lost, another is asked for.
        if issued["key"] is not None:
            return str(issued["key"])


async def _home(
    caller: Caller,
    client: httpx2.AsyncClient,
    operator_key: str,
    receiving: Organisation,
    by_sector: dict[str, Organisation],
) -> str:
    body = {
        "prefecture_code": "14",
        "home_operator_kind": "nonprofit",
        "home_operator_id": receiving.organisation_id,
        "capacity": 6,
        "opens_on": OPENS_ON,
        "needs_through": MONTHS[-1],
    }
    registered = await caller.told(client, operator_key, "homes/v1/homes", body)
    home_id = str(registered["home_id"])
    for party in (*by_sector.values(), receiving):
        joining = {"organisation_id": party.organisation_id, "sector": party.sector}
        path = f"organisations/v1/homes/{home_id}/parties"
        await caller.told(client, operator_key, path, joining)
    for resource, quantity in NEED.items():
        need = {"resource": resource, "from_month": MONTHS[0], "quantity": quantity}
        await caller.told(client, operator_key, f"homes/v1/homes/{home_id}/needs", need)
    return home_id


@dataclass
class Delivered:
    delivery_id: str
    quantity: int
    version: int


@dataclass
class Commitment:
    nouns: Nouns
    home_id: str
    path: str
    deliveries: list[Delivered] = field(default_factory=list)


@dataclass
class Partner:
    """One client: an organisation that promises, offers, delivers, corrects and withdraws."""

    caller: Caller
    client: httpx2.AsyncClient
    choices: random.Random
    village: Village
    nouns: Nouns
    turnstile: Turnstile = field(default_factory=Turnstile)
    commitments: list[Commitment] = field(default_factory=list)

    def __post_init__(self) -> None:
        tending = self.village.receiving.key
        self.offering = Offering(self.nouns.service, self.key, tending)

    @property
    def key(self) -> str:
        return self.village.by_sector[self.nouns.sector].key

    async def run(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            async with self.turnstile.passing():
                await self.act()
            await asyncio.sleep(self.choices.uniform(0, 0.05))

    async def act(self) -> None:
        if not self.commitments or self.choices.random() < 0.04:
            await self._agree()
            return
        if self.choices.random() < 0.1:
            await self.offering.act(self)
            return
        commitment = self.choices.choice(self.commitments)
        ways = (
            (self._promise, 5),
            (self._deliver, 6),
            (self._correct, 3),
            (self._confirm, 3),
            (self._take_back, 1),
            (self._restate, 1),
            (self._withdraw, 0.3),
        )
        [way] = self.choices.choices([way for way, _ in ways], [often for _, often in ways])
        await way(commitment)

    async def _ask(self, key: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        return await self.caller.ask(self.client, key, path, body)

    async def _agree(self) -> None:
        home_id = self.choices.choice(list(self.village.homes))
        body = {"home_id": home_id, "agreed_on": "2011-06-15", "notice_months": 1}
        answer = await self._ask(self.key, self.nouns.path, body)
        if answer is not None:
            path = f"{self.nouns.path}/{answer['commitment_id']}"
            self.commitments.append(Commitment(self.nouns, home_id, path))

    async def _promise(self, commitment: Commitment) -> None:
        first, last = sorted(self.choices.sample(range(len(MONTHS)), 2))
        body = {
            "from_month": MONTHS[first],
            "through_month": MONTHS[last],
            self.nouns.quantity: self._some(),
            "beyond_need": True,
        }
        await self._ask(self.key, f"{commitment.path}/promises", body)

    async def _deliver(self, commitment: Commitment) -> None:
        quantity = self._some()
        body: dict[str, Any] = {
            "month": self.choices.choice(MONTHS),
            self.nouns.quantity: quantity,
        }
        how = self.choices.random()
        if how < 0.2:
            body["gift"] = True
        elif how < 0.4:
            unit = self.nouns.quantity.removeprefix("amount")
            body[f"beyond_promise{unit if unit.startswith('_') else f'_{unit}'}"] = quantity // 3
        answer = await self._ask(self.key, f"{commitment.path}/{self.nouns.deliveries}", body)
        if answer is not None:
            version = int(answer.get("version", 0)) or self.choices.randrange(2, 9)
            commitment.deliveries.append(Delivered(answer["delivery_id"], quantity, version))

    async def _correct(self, commitment: Commitment) -> None:
        if commitment.deliveries:
            delivered = self.choices.choice(commitment.deliveries)
            path = f"{commitment.path}/{self.nouns.deliveries}/{delivered.delivery_id}/correction"
            body = {self.nouns.quantity: self.choices.randrange(0, delivered.quantity * 2)}
            answer = await self._ask(self.key, path, body)
            if answer is not None:
                delivered.version = int(answer.get("version", 0)) or delivered.version + 1

    async def _confirm(self, commitment: Commitment) -> None:
        if commitment.deliveries:
            delivered = self.choices.choice(commitment.deliveries)
            body = {
                "quantity": self.choices.randrange(1, delivered.quantity + 1),
                "delivery_version": delivered.version,
            }
            await self._receive(commitment, delivered, "confirmation", body)

    async def _take_back(self, commitment: Commitment) -> None:
        if commitment.deliveries:
            delivered = self.choices.choice(commitment.deliveries)
            body = {"quantity": self.choices.randrange(1, delivered.quantity + 1)}
            await self._receive(commitment, delivered, "taking-back", body)

    async def _receive(
        self, commitment: Commitment, delivered: Delivered, what: str, body: dict[str, Any]
    ) -> None:
        where = f"homes/v1/homes/{commitment.home_id}/deliveries/{delivered.delivery_id}/{what}"
        await self._ask(self.village.receiving.key, where, body)

    async def _restate(self, commitment: Commitment) -> None:
        resource = self.choices.choice(sorted(NEED))
        body = {
            "resource": resource,
            "from_month": self.choices.choice(MONTHS),
            "quantity": round(NEED[resource] * self.choices.uniform(0.5, 1.5)),
        }
        where = f"homes/v1/homes/{commitment.home_id}/needs"
        await self._ask(self.village.receiving.key, where, body)

    async def _withdraw(self, commitment: Commitment) -> None:
        day = f"{self.choices.choice(MONTHS)}-10"
        await self._ask(self.key, f"{commitment.path}/withdrawal", {"notice_on": day})

    def _some(self) -> int:
        return max(1, round(self.nouns.usual * self.choices.uniform(0.1, 1.2)))
