"""What a partner's API answers, in process on a real PostgreSQL; events are handed to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx2
import pytest

from deploy.database import Database
from services.rent_sponsorship.api import create_agreements_router
from services.rent_sponsorship.api.leases import create_leases_router
from services.rent_sponsorship.api.parts import create_parts_router
from services.rent_sponsorship.api.sponsored import create_sponsored_router
from services.rent_sponsorship.app import KEEPING
from services.rent_sponsorship.domain import RENT_AGREEMENT, SECTORS
from shared.access import register
from shared.clock import now
from shared.commitments import projections
from shared.commitments.desk import Desk
from shared.contracts.event import Event
from shared.contracts.homes import (
    ConfirmationTakenBack,
    DeliveryConfirmed,
    DeliveryDisputed,
    DisputeClosed,
    HomeClosed,
    HomeRegistered,
    NeedRestated,
    RequiredTotal,
)
from shared.contracts.organisations import Sector
from shared.contracts.rent_sponsorship import OWNER
from shared.envelope import Envelope
from shared.http.app import create_app
from shared.http.pages import encode_cursor
from shared.ids import new_id, new_opaque_id
from shared.service import Plumbing, ServiceSettings, plumbing
from shared.work import Cause
from tests.support.partners import Partner, introduction
from tests.support.stack import MakeDatabase

PATH = "/v1/rent-agreements"
RENT_A_MONTH = 1_000


@dataclass
class Api:
    """Rent sponsorship without its process: no relay runs, no consumer."""

    built: Plumbing
    client: httpx2.AsyncClient
    partners: dict[str, Partner] = field(default_factory=dict)

    async def hears(self, *events: Event) -> None:
        envelope = Envelope(new_id(), "", "", "", 1, now(), "", None)
        async with self.built.transactions.pool.acquire() as connection:
            for event in events:
                await register.project(connection, event, envelope)
                await projections.keep_home(connection, event)

    async def organisation(self, name: str, sector: Sector, *home_ids: str) -> None:
        self.partners[name] = Partner(sector, organisation_id=name)
        await self.hears(*introduction(self.partners[name], *home_ids))

    async def home(self, home_id: str) -> None:
        months = ("2011-08", "2011-09", "2011-10")
        await self.hears(
            HomeRegistered(
                home_id=home_id,
                prefecture_code="14",
                home_operator_kind="nonprofit",
                home_operator_id="crop-minori",
                capacity=6,
                opens_on=date(2011, 8, 1),
            ),
            NeedRestated(
                home_id=home_id,
                required=tuple(
                    RequiredTotal(resource="rent", month=month, quantity=RENT_A_MONTH)
                    for month in months
                ),
            ),
        )

    async def day(self, day: date) -> None:
        async with self.built.transactions.begin(Cause(correlation="a-day")) as work:
            await self.built.business_date.begin(work, day)

    async def post(
        self, name: str, path: str, body: dict[str, Any], again: str | None = None
    ) -> httpx2.Response:
        headers = {**self.partners[name].headers, "Idempotency-Key": again or new_opaque_id()}
        return await self.client.post(f"{PATH}{path}", json=body, headers=headers)

    async def done(self, name: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.post(name, path, body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def get(self, name: str, path: str = "", **query: str | int) -> httpx2.Response:
        return await self.client.get(
            f"{PATH}{path}", params=query, headers=self.partners[name].headers
        )

    async def items(self, name: str, path: str = "", **query: str | int) -> list[dict[str, Any]]:
        return list((await self.get(name, path, **query)).json()["items"])

    async def agreement(self, name: str, home_id: str, **terms: int) -> str:
        """Agree on all three months' rent, and return where the agreement is found."""
        answer = await self.done(name, "", {"home_id": home_id, **terms})
        path = f"/{answer['commitment_id']}"
        body = {"from_month": "2011-08", "through_month": "2011-10", "amount_yen": RENT_A_MONTH}
        await self.done(name, f"{path}/promises", body)
        return path


@pytest.fixture
async def api(database: MakeDatabase) -> AsyncIterator[Api]:
    async with served(await database(OWNER)) as one:
        await one.home("h")
        await one.home("other-home")
        await one.organisation("sponsor", "company", "h")
        await one.organisation("neighbour", "company", "h", "other-home")
        await one.organisation("nonprofit", "nonprofit", "h")
        await one.organisation("stranger", "company", "other-home")
        yield one


@asynccontextmanager
async def served(database: Database) -> AsyncIterator[Api]:
    settings = ServiceSettings(
        database_url=database.url(OWNER),
        reader_url=database.url(f"{OWNER}_reader"),
        kafka_bootstrap="none:1",
        port=1,
        simulated=True,
    )
    async with plumbing(OWNER, settings, keeping=KEEPING) as built:
        async with built.transactions.pool.acquire() as connection:
            await built.relay.published.agree(connection, {})  # no relay looks
        desk = Desk(built, RENT_AGREEMENT, "rent", SECTORS)
        built.business_date.on_day_passed(desk.day_passed)
        routers = (
            create_agreements_router(desk),
            create_leases_router(built),
            create_parts_router(built, desk),
            create_sponsored_router(built),
        )
        app = create_app(OWNER, built.register, routers)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://rent") as client:
            yield Api(built, client)


async def test_an_agreement_is_shown_month_by_month(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    paid = await api.post(
        "sponsor",
        f"{path}/payments",
        {"month": "2011-08", "amount_yen": 1_100, "beyond_promise_yen": 100},
    )
    assert paid.status_code == httpx2.codes.CREATED
    shown = (await api.get("nonprofit", path)).json()
    assert shown["organisation_id"] == "company", "nobody is named to others who did not agree"
    assert (await api.get("sponsor", path)).json()["organisation_id"] == "sponsor"
    assert shown["version"] == 3
    assert shown["months"][:2] == [
        {"month": "2011-08", "promised": 1_000, "delivered": 1_000, "outstanding": 0},
        {"month": "2011-09", "promised": 1_000, "delivered": 0, "outstanding": 1_000},
    ]


async def test_an_agreement_is_about_what_its_kind_provides(api: Api) -> None:
    named = await api.done("sponsor", "", {"home_id": "h", "resource": "rent"})
    assert (await api.get("sponsor", f"/{named['commitment_id']}")).json()["resource"] == "rent"
    other = await api.post("sponsor", "", {"home_id": "h", "resource": "volunteering"})
    assert other.status_code == httpx2.codes.UNPROCESSABLE_CONTENT
    assert other.json()["type"] == "urn:yui:problem:resource-not-provided"


async def test_a_stranger_to_a_home_finds_nothing_of_it(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    assert (await api.get("stranger", path)).status_code == httpx2.codes.NOT_FOUND
    assert (await api.get("stranger", f"{path}/payments")).status_code == httpx2.codes.NOT_FOUND
    assert (await api.get("sponsor", "/nothing")).status_code == httpx2.codes.NOT_FOUND
    assert await api.items("stranger") == []
    assert await api.items("stranger", home_id="h") == []


async def test_an_organisation_acts_for_itself_alone_in_its_own_sector(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    payment = {"month": "2011-08", "amount_yen": 1}
    foreign = await api.post("neighbour", f"{path}/payments", payment)
    assert foreign.status_code == httpx2.codes.FORBIDDEN
    wrong_sector = await api.post("nonprofit", "", {"home_id": "h"})
    assert wrong_sector.status_code == httpx2.codes.FORBIDDEN
    not_a_party = await api.post("stranger", "", {"home_id": "h"})
    assert not_a_party.status_code == httpx2.codes.NOT_FOUND


async def test_agreements_are_listed_page_by_page(api: Api) -> None:
    paths = [await api.agreement("sponsor", "h"), await api.agreement("neighbour", "h")]
    elsewhere = await api.agreement("neighbour", "other-home")

    first = (await api.get("sponsor", limit=1)).json()
    second = (await api.get("sponsor", limit=1, cursor=first["next_cursor"])).json()
    last = (await api.get("sponsor", limit=1, cursor=second["next_cursor"])).json()

    listed = [f"/{one['commitment_id']}" for one in first["items"] + second["items"]]
    assert listed == paths
    assert last == {"items": [], "next_cursor": None}
    of_the_other = await api.items("neighbour", home_id="other-home")
    assert [f"/{one['commitment_id']}" for one in of_the_other] == [elsewhere]


async def test_agreements_are_sorted_and_filtered_whatever_is_made_meanwhile(api: Api) -> None:
    oldest = await api.agreement("sponsor", "h")
    theirs = await api.agreement("neighbour", "h")
    newest = await api.agreement("sponsor", "h")

    async def told(**query: str) -> tuple[list[str], str]:
        answer = (await api.get("sponsor", "", **query)).json()
        return [f"/{one['commitment_id']}" for one in answer["items"]], answer["next_cursor"]

    first, cursor = await told(sort="-commitment_id", limit="2")
    await api.agreement("sponsor", "h")
    rest, _ = await told(sort="-commitment_id", limit="2", cursor=cursor)
    assert first + rest == [newest, theirs, oldest]
    assert theirs not in (await told(own="true"))[0]
    mixed = await api.get("sponsor", sort="commitment_id", cursor=cursor)
    assert mixed.json()["type"] == "urn:yui:problem:broken-cursor"
    unknown = (await api.get("sponsor", sort="colour")).json()
    (error,) = unknown["errors"]
    assert error["field"] == "query.sort"
    known = ("commitment_id", "-commitment_id", "home_id", "-home_id")
    assert all(f"'{word}'" in error["rule"] for word in known)


async def test_payments_are_sorted_and_filtered_by_month(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    for month in ("2011-08", "2011-10", "2011-09", "2011-09"):
        body = {"month": month, "amount_yen": 1}
        await api.done("sponsor", f"{path}/payments", body)
    first = (await api.get("sponsor", f"{path}/payments", sort="-month", limit=2)).json()
    going_on = {"sort": "-month", "cursor": first["next_cursor"]}
    rest = await api.items("sponsor", f"{path}/payments", **going_on)
    told = [one["month"] for one in (*first["items"], *rest)]
    assert told == ["2011-10", "2011-09", "2011-09", "2011-08"]
    assert len({one["delivery_id"] for one in (*first["items"], *rest)}) == len(told)
    for september in ("2011-09", "平成23年9月", "H23-09"):
        assert len(await api.items("sponsor", f"{path}/payments", month=september)) == 2
    of_an_era = {"month": "平成23年9月", "amount_yen": 1}
    await api.done("sponsor", f"{path}/payments", of_an_era)
    assert len(await api.items("sponsor", f"{path}/payments", month="2011-09")) == 3


async def test_payments_are_listed_with_what_the_home_says_of_them(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    payments = {
        month: (
            await api.done(
                "sponsor", f"{path}/payments", {"month": month, "amount_yen": RENT_A_MONTH}
            )
        )["delivery_id"]
        for month in ("2011-09", "2011-08")
    }
    await api.hears(
        DeliveryConfirmed(
            home_id="h",
            delivery_id=payments["2011-08"],
            delivery_version=4,
            quantity=900,
            confirmed=900,
            confirmed_by="crop-minori",
        ),
        DeliveryDisputed(
            home_id="h",
            delivery_id=payments["2011-09"],
            dispute_id="dispute",
            reason_code="not_received",
            disputed_by="crop-minori",
        ),
    )
    first = (await api.get("sponsor", f"{path}/payments", limit=1)).json()
    rest = await api.items("sponsor", f"{path}/payments", cursor=first["next_cursor"])
    told = [
        (one["month"], one["confirmed"], one["dispute_id"]) for one in (*first["items"], *rest)
    ]
    assert told == [("2011-08", 900, None), ("2011-09", 0, "dispute")]


async def test_a_payment_is_not_corrected_below_what_the_home_has_confirmed(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    payment = {"month": "2011-08", "amount_yen": RENT_A_MONTH}
    delivery_id = (await api.done("sponsor", f"{path}/payments", payment))["delivery_id"]
    correction = f"{path}/payments/{delivery_id}/correction"
    receipt = {"home_id": "h", "delivery_id": delivery_id, "quantity": 900}
    await api.hears(
        DeliveryConfirmed(**receipt, delivery_version=3, confirmed=900, confirmed_by="x")
    )
    refused = await api.post("sponsor", correction, {"amount_yen": 800})
    assert refused.json()["type"] == "urn:yui:problem:correction-below-confirmed"
    await api.hears(ConfirmationTakenBack(**receipt, confirmed=0, taken_back_by="x"))
    await api.done("sponsor", correction, {"amount_yen": 800})
    assert await outstanding(api, path) == [200, 1_000, 1_000]


async def test_a_dispute_is_answered_while_it_is_open(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    payment = {"month": "2011-08", "amount_yen": RENT_A_MONTH}
    delivery_id = (await api.done("sponsor", f"{path}/payments", payment))["delivery_id"]
    answer = f"{path}/payments/{delivery_id}/disputes/dispute/answer"
    stands = {"reason_code": "as_agreed"}
    dispute = {"home_id": "h", "delivery_id": delivery_id, "dispute_id": "dispute"}
    await api.hears(DeliveryDisputed(**dispute, reason_code="quality", disputed_by="x"))
    await api.done("sponsor", answer, stands)
    await api.hears(DisputeClosed(**dispute, closed_by="x"))
    refused = await api.post("sponsor", answer, stands)
    assert refused.json()["type"] == "urn:yui:problem:not-found"


async def test_a_home_that_has_closed_is_promised_nothing_more(api: Api) -> None:
    await api.organisation("third", "company", "never-registered")
    unknown = await api.post("third", "", {"home_id": "never-registered"})
    assert unknown.json()["type"] == "urn:yui:problem:home-unknown"
    await api.hears(HomeClosed(home_id="h", closed_on=date(2012, 3, 31)))
    closed = await api.post("sponsor", "", {"home_id": "h"})
    assert closed.json()["type"] == "urn:yui:problem:home-closed"


async def test_an_agreement_that_nobody_made_is_not_kept(api: Api) -> None:
    missing = await api.post("sponsor", "/nothing/withdrawal", {})
    assert missing.json()["type"] == "urn:yui:problem:not-found"


async def test_what_months_that_have_ended_still_owe_is_overdue(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    await api.agreement("neighbour", "h")
    await api.done("sponsor", f"{path}/payments", {"month": "2011-08", "amount_yen": 1_000})
    await api.done("sponsor", f"{path}/payments", {"month": "2011-09", "amount_yen": 400})
    await api.day(date(2011, 10, 31))
    (overdue,) = await api.items("sponsor", "/overdue")
    assert (overdue["month"], overdue["outstanding"]) == ("2011-09", 600)
    assert overdue["organisation_id"] == "sponsor"


async def test_what_is_overdue_is_told_page_by_page(api: Api) -> None:
    for _ in range(2):
        await api.agreement("sponsor", "h")
    await api.agreement("neighbour", "h")
    await api.day(date(2011, 10, 31))
    whole = await api.items("sponsor", "/overdue")
    assert [one["month"] for one in whole] == ["2011-08", "2011-09"] * 2
    found, cursor = [], ""
    while cursor is not None:
        going_on = {"cursor": cursor} if cursor else {}
        told = (await api.get("sponsor", "/overdue", limit=1, **going_on)).json()
        found += told["items"]
        cursor = told["next_cursor"]
    assert found == whole
    forged = encode_cursor((await api.items("neighbour"))[-1]["commitment_id"], "")
    own = {one["organisation_id"] for one in await api.items("sponsor", "/overdue", cursor=forged)}
    assert own <= {"sponsor"}, "whoever forges a place is told of its own alone"


async def test_what_never_came_lapses_as_the_days_pass(api: Api) -> None:
    lapsing = await api.agreement("sponsor", "h", lapse_days=30)
    lasting = await api.agreement("sponsor", "h")
    await api.day(date(2011, 9, 30))
    assert await outstanding(api, lapsing) == [1_000, 1_000, 1_000]
    await api.day(date(2011, 10, 1))
    assert await outstanding(api, lapsing) == [0, 1_000, 1_000]
    assert await outstanding(api, lasting) == [1_000, 1_000, 1_000]


async def test_a_notice_without_a_day_is_given_today(api: Api) -> None:
    path = await api.agreement("sponsor", "h", notice_months=1)
    await api.day(date(2011, 8, 15))
    await api.done("sponsor", f"{path}/withdrawal", {})
    assert (await api.get("sponsor", path)).json()["withdrawn_from"] == "2011-10"
    assert await outstanding(api, path) == [1_000, 1_000, 0]


async def test_the_same_request_again_is_answered_the_same_and_done_once(api: Api) -> None:
    path, again = await api.agreement("sponsor", "h"), new_opaque_id()
    payment = {"month": "2011-08", "amount_yen": 100}
    first = await api.post("sponsor", f"{path}/payments", payment, again)
    repeat = await api.post("sponsor", f"{path}/payments", payment, again)
    assert repeat.json() == first.json()
    assert len(await api.items("sponsor", f"{path}/payments")) == 1
    other = await api.post("sponsor", f"{path}/payments", {**payment, "amount_yen": 101}, again)
    assert other.json()["type"] == "urn:yui:problem:key-reused"


@pytest.mark.parametrize(
    "body",
    [
        {"month": "2011-08", "amount_yen": 1, "beyond_promis_yen": 1},
        {"month": "2011-08", "quantity": 1},
        {"month": "2011-13", "amount_yen": 1},
        {"month": "2011-08", "amount_yen": 0},
    ],
)
async def test_a_request_in_other_words_is_refused(api: Api, body: dict[str, Any]) -> None:
    path = await api.agreement("sponsor", "h")
    answer = await api.post("sponsor", f"{path}/payments", body)
    assert answer.json()["type"] == "urn:yui:problem:invalid-request"


async def outstanding(api: Api, path: str) -> list[int]:
    months = (await api.get("sponsor", path)).json()["months"]
    return [month["outstanding"] for month in months]
