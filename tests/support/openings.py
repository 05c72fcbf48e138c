"""A home that is to open on 1 August 2011, and three who may answer what it asks for."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from deploy.database import Database
from tests.support.asking import Caller
from tests.support.asks import Neighbourhood
from tests.support.eventually import assert_eventually
from tests.support.stack import MakeDatabase, Stack

SERVICES: Final = (
    "organisations",
    "homes",
    "government_sponsorship",
    "nonprofit_staffing",
    "rent_sponsorship",
    "ledger",
)
YEN_A_CHILD, CHILDREN, RENT_YEN, MINUTES = 50_000, 5, 150_000, 43_200
BEGUN, DEADLINE, TOO_LATE = "2011-06-01", "2011-06-30", "2011-07-01"
FIRST_MONTHS: Final = ("2011-08", "2011-09", "2011-10")
HOME: Final = {
    "prefecture_code": "14",
    "home_operator_kind": "nonprofit",
    "capacity": 6,
    "opens_on": "2011-08-01",
    "needs_through": "2011-12",
}


@dataclass(frozen=True)
class Answerer:
    """Who covers a resource: in which service, under which noun, as which kind of commitment."""

    name: str
    resource: str
    service: str
    asks: str
    commitments: str


CITY: Final = Answerer(
    "city", "children_needs", "government_sponsorship", "grant-requests", "grants"
)
STAFF: Final = Answerer(
    "nonprofit", "caregiving", "nonprofit_staffing", "vacant-posts", "staffing-plans"
)
BAKER: Final = Answerer("baker", "rent", "rent_sponsorship", "rent-appeals", "rent-agreements")
ANSWERERS: Final = (CITY, STAFF, BAKER)


@dataclass
class Opening:
    """The home, as those see it who have to do with its opening."""

    here: Neighbourhood
    database: Database
    patience_s: float = 10
    """Where a service was killed, its partitions are another's once its session has run out."""

    async def eventually(self, holds: Callable[[], Awaitable[object]]) -> None:
        await assert_eventually(holds, within_seconds=self.patience_s)

    @property
    def tending(self) -> Caller:
        return self.here.asking("nonprofit", "homes")

    @property
    def path(self) -> str:
        return f"/v1/homes/{self.here.home_id}/opening"

    async def begins(self) -> None:
        await self.tending.done(self.path, {"deadline": DEADLINE})

    async def shown(self, name: str = "nonprofit") -> dict[str, Any]:
        return await self.here.asking(name, "homes").read(self.path)

    async def ask_of(self, who: Answerer) -> str:
        """The ask that reaches somebody, once it does."""
        found: list[str] = []
        until = (await self.shown())["deadline"]

        async def is_seen() -> bool:
            seen = await self.here.seen(
                who.name, who.service, f"/v1/{who.asks}?resource={who.resource}"
            )
            found.extend(
                one["ask_id"]
                for one in seen
                if (len(one["months"]), one["answer_by"]) == (5, until)
            )
            return bool(found)

        await self.eventually(is_seen)
        return found[0]

    async def offered(self, who: Answerer) -> tuple[str, str]:
        """Offer all that is asked for; return the ask and the offer."""
        ask_id = await self.ask_of(who)
        caller = self.here.asking(who.name, who.service)
        made = await caller.done(f"/v1/{who.asks}/{ask_id}/offers", {"notice_months": 3})
        return ask_id, made["offer_id"]

    async def accepts(self, ask_id: str, offer_id: str) -> None:
        path = f"/v1/asks/{ask_id}/offers/{offer_id}/acceptance"

        async def is_accepted() -> bool:
            return bool(await self.tending.done(path))

        await self.eventually(is_accepted)

    async def covers(self, who: Answerer) -> str:
        """Offer all of it, have it accepted, and wait until it is promised; return its id."""
        ask_id, offer_id = await self.offered(who)
        await self.accepts(ask_id, offer_id)
        await self.is_promised(who, offer_id)
        return offer_id

    async def is_promised(self, who: Answerer, commitment_id: str) -> None:
        async def promised() -> None:
            assert [one > 0 for one in await self.promised(who, commitment_id)] == [True] * 5

        await self.eventually(promised)

    async def nothing_stands(self, *commitments: tuple[Answerer, str]) -> None:
        """Wait until nothing is promised, nor required, nor open, in the services or the books."""

        async def nothing() -> None:
            for who, commitment_id in commitments:
                assert await self.promised(who, commitment_id) == [0] * 5
            for cell in await self.books():
                assert (cell["required"], cell["open"], cell["promised"]) == (0, 0, 0), cell
            assert await self.here.asks() == []

        await self.eventually(nothing)

    async def promised(self, who: Answerer, commitment_id: str) -> list[int]:
        path = f"/v1/{who.commitments}/{commitment_id}"
        commitment = await self.here.asking(who.name, who.service).read(path)
        return [month["promised"] for month in commitment["months"]]

    async def books(self) -> list[dict[str, Any]]:
        path = f"/v1/homes/{self.here.home_id}/ledger?limit=500"
        return list((await self.here.asking("nonprofit", "ledger").read(path))["items"])


async def opening(
    stack: Stack, database: MakeDatabase, names: Sequence[str] = SERVICES
) -> Opening:
    """Register a home that says what it will need, and those who may cover it."""
    await stack.empty_topics()
    db = await database(*names)
    started = {name: stack.process(name, db) for name in names}
    for process in started.values():
        process.launch()
    for process in started.values():
        await process.ready(60)
    here = Neighbourhood(started, stack.operator_key)

    async def is_known() -> bool:
        return (await here.operating("homes").get("/v1/homes")).is_success

    await assert_eventually(is_known)
    for name, sector in {
        "nonprofit": "nonprofit",
        "city": "government",
        "baker": "company",
    }.items():
        await here.registers(name, sector)
    await here.it_is(BEGUN)
    home = {**HOME, "home_operator_id": here.ids["nonprofit"]}
    here.home_id = (await here.operating("homes").done("/v1/homes", home))["home_id"]
    await here.joins("nonprofit", "nonprofit")
    found = Opening(here, db)
    await _states_needs(found)
    return found


async def _states_needs(found: Opening) -> None:
    here, home = found.here, f"/v1/homes/{found.here.home_id}"
    prices = {
        "announced_on": BEGUN,
        "from_day": "2011-04-01",
        "prices": [{"age_band": "school_age", "yen_per_child_month": YEN_A_CHILD}],
    }
    await here.asking("city", "government_sponsorship").done("/v1/unit-prices", prices)

    async def is_tended() -> bool:
        counts = [{"age_band": "school_age", "children": CHILDREN}]
        body = {"from_day": HOME["opens_on"], "counts": counts}
        return bool(await found.tending.done(f"{home}/children", body))

    await assert_eventually(is_tended)
    for resource, quantity in {"caregiving": MINUTES, "rent": RENT_YEN}.items():
        need = {"resource": resource, "from_month": "2011-08", "quantity": quantity}
        await found.tending.done(f"{home}/needs", need)

    async def all_is_asked_for() -> None:
        asked = {one["resource"]: len(one["months"]) for one in await here.asks()}
        assert asked == {who.resource: 5 for who in ANSWERERS}

    await assert_eventually(all_is_asked_for)
