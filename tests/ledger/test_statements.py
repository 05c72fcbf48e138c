"""An organisation's statement of a fiscal year, against figures worked out by hand."""

import csv
import io
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any, ClassVar

import httpx2
import pytest

from services.ledger.domain.statements import FiscalYearUnknown, read_fiscal_year
from services.rent_sponsorship.domain import RENT_AGREEMENT
from services.volunteers.domain import PLEDGE
from shared.calendar import era_fiscal_year, months_through
from shared.commitments.commands import Agree, Command, Correct, Deliver, Promise
from shared.commitments.decider import Vocabulary
from shared.consuming.record import StoredRecord
from shared.contracts.commitment import CommitmentFact
from shared.contracts.event import Event, Movement
from shared.contracts.homes import DeliveryConfirmed
from shared.contracts.organisations import KeyIssued, OrganisationRegistered
from shared.contracts.resources import CAREGIVING, RENT, VOLUNTEERING
from shared.ids import new_opaque_id
from tests.ledger.books import Ledger, ledger_on
from tests.ledger.reading import asking
from tests.ledger.test_books import sponsored
from tests.support.partners import Partner, introduction
from tests.support.records import Log, envelopes
from tests.support.stack import MakeDatabase

NEAR, FAR = "near-home", "far-home"
PLACES = ("promised", "delivered", "confirmed", "provided")
WAGE: dict[str, Any] = {"yen": 850, "per_units": 60, "basis": "minimum_wage"}


@dataclass
class Office:
    """Who asks a ledger for statements, and posts what its own hours are worth."""

    client: httpx2.AsyncClient
    organisation_id: str

    async def get(self, year: str, of: str | None = None, **asked: str) -> httpx2.Response:
        path = f"/v1/organisations/{of or self.organisation_id}/statements/{year}"
        return await self.client.get(path, params=asked)

    async def read(self, year: str, of: str | None = None, **asked: str) -> dict[str, Any]:
        response = await self.get(year, of, **asked)
        assert response.is_success, response.text
        return dict(response.json())

    async def declare(self, level: str, of: str | None = None, **value: Any) -> httpx2.Response:  # noqa: ANN401  JSON
        body = {"resource": VOLUNTEERING, "fiscal_year": 2011, "level": level, **value}
        return await self.client.post(
            f"/v1/organisations/{of or self.organisation_id}/valuations",
            json=body,
            headers={"Idempotency-Key": new_opaque_id()},
        )


@pytest.fixture
async def ledger(database: MakeDatabase) -> AsyncIterator[Ledger]:
    made = await database("ledger")
    async with ledger_on(made) as running:
        yield running


class Telling:
    """Tells a ledger of events as they come; what was told keeps its place in the log."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._log = Log()

    async def hear(self, *events: Event) -> None:
        for records in await self.tell(*events):
            await self._ledger.hear(records)

    async def tell(self, *events: Event) -> list[Sequence[StoredRecord]]:
        """Write events, each the first of its stream or after one here, and return the records."""
        before = {topic: len(records) for topic, records in self._log.topics.items()}
        self._log.write_all(envelopes(events))
        await self._ledger.know(self._log)
        every = self._log.topics.items()
        return [new for topic, records in every if (new := records[before.get(topic, 0) :])]


@dataclass
class Offices:
    telling: Telling
    sponsor: Office
    """Pays rent near, and brings volunteers far away."""
    neighbour: Office
    yui: Office
    """Whoever runs this installation."""


@pytest.fixture
async def offices(ledger: Ledger) -> AsyncIterator[Offices]:
    async with offices_of(ledger) as found:
        yield found


@asynccontextmanager
async def offices_of(ledger: Ledger) -> AsyncIterator[Offices]:
    sponsor, neighbour, operator = (Partner("company") for _ in range(3))
    operating = OrganisationRegistered(
        organisation_id=operator.organisation_id, sectors=(), operates_yui=True
    )
    its_key = KeyIssued(
        organisation_id=operator.organisation_id,
        key_id=operator.key.key_id,
        secret_sha256=operator.key.secret_sha256,
    )
    introduced = (*introduction(sponsor, NEAR, FAR), *introduction(neighbour, NEAR))
    telling = Telling(ledger)
    await telling.hear(*introduced, operating, its_key)
    async with AsyncExitStack() as stack:
        found = []
        for partner in (sponsor, neighbour, operator):
            client = await stack.enter_async_context(asking(ledger, partner.headers))
            found.append(Office(client, partner.organisation_id))
        yield Offices(telling, *found)


# --- Figures worked out by hand


def commitment(
    words: Vocabulary, home_id: str, who: str, resource: str, *commands: Command
) -> list[CommitmentFact]:
    """Return what is told of one commitment when all of this is asked for."""
    agree = Agree(
        commitment_id=f"{resource}-of-{who}-for-{home_id}",
        home_id=home_id,
        organisation_id=who,
        resource=resource,
        agreed_on=date(2011, 7, 1),
        notice_months=2,
        lapse_days=None,
        home_status="open",
    )
    decider, events = words.decider(), list[CommitmentFact]()
    for command in (agree, *commands):
        events += decider.decide(command, decider.fold(events))
    return events


def promise(quantity: int, first: str, last: str) -> Promise:
    return Promise(
        from_month=first,
        through_month=last,
        quantity=quantity,
        beyond_need=True,
        home_status="open",
    )


def confirmed(
    home_id: str, who: str, resource: str, month: str, delivery_id: str, quantity: int
) -> Event:
    moved = Movement(
        resource=resource,
        month=month,
        moved_from="delivered",
        moved_to="confirmed",
        quantity=quantity,
        organisation_id=who,
        commitment_id=f"{resource}-of-{who}-for-{home_id}",
        delivery_id=delivery_id,
        delivery_version=3,
    )
    return DeliveryConfirmed(
        home_id=home_id,
        delivery_id=delivery_id,
        delivery_version=3,
        quantity=quantity,
        confirmed=quantity,
        confirmed_by="home-operator",
        movements=(moved,),
    )


def a_year(sponsor: str, neighbour: str) -> Sequence[Event]:
    """Tell of one sponsor who pays rent near and brings volunteers far away, and of another.

    Rent is promised at 150,000 yen from August to April: eight months of fiscal 2011 and one of
    2012. Of August all is paid and confirmed. For September 160,000 is paid, 10,000 beyond the
    promise, and corrected to 140,000: beyond goes first, 10,000 is owed again. In October 5,000 is
    given that nobody had promised. So 10,000 + 150,000 + 5 × 150,000 = 910,000 is still promised,
    140,000 + 5,000 is delivered, 150,000 confirmed.

    960 minutes are pledged for September, 720 given, corrected to 700, of which 300 confirmed: 260
    are still promised, 400 delivered.
    """
    august, september, october = (
        Deliver(delivery_id="august", month="2011-08", quantity=150_000),
        Deliver(delivery_id="september", month="2011-09", quantity=160_000, beyond_promise=10_000),
        Deliver(delivery_id="october", month="2011-10", quantity=5_000, gift=True),
    )
    rent = commitment(
        RENT_AGREEMENT,
        NEAR,
        sponsor,
        RENT,
        promise(150_000, "2011-08", "2012-04"),
        august,
        september,
        Correct(delivery_id="september", quantity=140_000),
        october,
    )
    hours = commitment(
        PLEDGE,
        FAR,
        sponsor,
        VOLUNTEERING,
        promise(960, "2011-09", "2011-09"),
        Deliver(delivery_id="visit", month="2011-09", quantity=720),
        Correct(delivery_id="visit", quantity=700),
    )
    other = commitment(
        RENT_AGREEMENT,
        NEAR,
        neighbour,
        RENT,
        promise(9_000, "2011-08", "2012-03"),
    )
    received = [
        confirmed(NEAR, sponsor, RENT, "2011-08", "august", 150_000),
        confirmed(FAR, sponsor, VOLUNTEERING, "2011-09", "visit", 300),
    ]
    return [*rent, *hours, *other, *received]


def places(line: dict[str, Any]) -> tuple[int, ...]:
    return tuple(line[place] for place in PLACES)


async def test_a_year_is_stated_by_home_resource_and_sector_in_its_own_units(
    offices: Offices,
) -> None:
    sponsor = offices.sponsor
    await offices.telling.hear(*a_year(sponsor.organisation_id, offices.neighbour.organisation_id))
    told = await sponsor.read("2011")

    assert (told["fiscal_year"], told["era_fiscal_year"]) == (2011, "平成23年度")
    assert (told["from_month"], told["through_month"]) == ("2011-04", "2012-03")
    stated = {
        (line["home_id"], line["sector"], line["resource"], line["unit"]): places(line)
        for line in told["lines"]
    }
    assert stated == {
        (NEAR, "company", RENT, "yen"): (910_000, 145_000, 150_000, 295_000),
        (FAR, "volunteers", VOLUNTEERING, "minutes"): (260, 400, 300, 700),
    }
    rent, hours = told["lines"]
    assert {month["month"]: places(month) for month in rent["months"]} == {
        "2011-08": (0, 0, 150_000, 150_000),
        "2011-09": (10_000, 140_000, 0, 140_000),
        "2011-10": (150_000, 5_000, 0, 5_000),
        **dict.fromkeys(months_through("2011-11", "2012-03"), (150_000, 0, 0, 0)),
    }
    assert hours["months"][0]["era_month"] == "平成23年9月"
    assert [(t["service"], t["unit"], *places(t)) for t in told["totals"]] == [
        ("rent_sponsorship", "yen", 910_000, 145_000, 150_000, 295_000),
        ("volunteers", "minutes", 260, 400, 300, 700),
    ]
    [next_year] = (await sponsor.read("2012"))["lines"]
    assert places(next_year) == (150_000, 0, 0, 0)
    [other] = (await offices.neighbour.read("2011"))["lines"]
    assert places(other) == (72_000, 0, 0, 0), "eight months of 9,000"


async def test_a_value_stands_beside_hours_and_is_never_added_to_money(offices: Offices) -> None:
    sponsor = offices.sponsor
    await offices.telling.hear(*a_year(sponsor.organisation_id, offices.neighbour.organisation_id))
    rent, hours = (await sponsor.read("2011"))["lines"]
    assert rent["valuation"] is None
    assert (hours["valuation"]["level"], hours["valuation"]["rule"]) == (
        "not_valued",
        "ACC.UNVALUED",
    )
    assert hours["valuation"]["yen"] is None

    assert (await sponsor.declare("in_notes", **WAGE)).is_success
    told = await sponsor.read("2011")
    rent, hours = told["lines"]
    # 700 minutes at 850 yen an hour are 9,916.67 yen, rounded down.
    assert (hours["valuation"]["level"], hours["valuation"]["yen"]) == ("in_notes", 9_916)
    assert hours["valuation"]["rule"] == "ACC.VOLUNTEER.NOTES"
    assert places(hours) == (260, 400, 300, 700)
    assert places(rent) == (910_000, 145_000, 150_000, 295_000)
    assert [total["yen"] for total in told["totals"]] == [None, 9_916]
    [listed] = (
        await sponsor.client.get(f"/v1/organisations/{sponsor.organisation_id}/valuations")
    ).json()["items"]
    assert (listed["yen"], listed["per_units"], listed["level"]) == (850, 60, "in_notes")


async def test_a_receipt_states_money_received_and_no_amount_for_hours(offices: Offices) -> None:
    sponsor = offices.sponsor
    await offices.telling.hear(*a_year(sponsor.organisation_id, offices.neighbour.organisation_id))
    assert (await sponsor.declare("in_notes", **WAGE)).is_success
    told = await sponsor.read("2011")
    rent, hours = told["lines"]
    stated = {item["item"]: (item["answer"], item["yen"]) for item in rent["receipt"]}
    assert stated == {
        "amount": ("may", 150_000),  # what the home has confirmed, of 295,000
        "date": ("may", None),
        "purpose": ("may", None),
        "year": ("may", None),
        "donation": ("unconfirmed", None),
    }
    [only] = hours["receipt"]
    assert (only["item"], only["answer"], only["yen"]) == ("amount", "may_not", None)
    rules = {rule["key"]: rule for rule in told["rules"]}
    for item in (*rent["receipt"], *hours["receipt"]):
        assert rules[item["rule"]]["source"] == item["source"]
        assert item["confidence"] in {"found", "unconfirmed", "chosen"}


async def test_a_table_has_a_row_per_line_and_month(offices: Offices) -> None:
    sponsor = offices.sponsor
    await offices.telling.hear(*a_year(sponsor.organisation_id, offices.neighbour.organisation_id))
    by_query = await sponsor.get("2011", format="csv")
    by_header = await sponsor.client.get(
        f"/v1/organisations/{sponsor.organisation_id}/statements/2011",
        headers={"Accept": "text/csv"},
    )
    assert by_query.headers["content-type"] == "text/csv; charset=utf-8"
    assert by_query.content == by_header.content
    rows = list(csv.DictReader(io.StringIO(by_query.text)))
    assert len(rows) == 9
    assert sum(int(row["provided"]) for row in rows if row["unit"] == "yen") == 295_000
    assert rows[-1]["valuation"] == "not_valued"


# --- The page to print


async def test_the_page_speaks_japanese_or_english_and_loads_nothing(offices: Offices) -> None:
    sponsor = offices.sponsor
    await offices.telling.hear(*a_year(sponsor.organisation_id, offices.neighbour.organisation_id))
    assert (await sponsor.declare("in_notes", **WAGE)).is_success
    path = f"/v1/organisations/{sponsor.organisation_id}/statements/2011"
    for language, words in (
        (
            "ja",
            ("資源提供計算書", "平成23年度", "家賃", "注記", "記載できない", "要確認", "295,000"),
        ),
        ("en-GB, ja;q=0.5", ("Statement of resources provided", "may not be stated", "9,916")),
    ):
        headers = {"Accept": "text/html", "Accept-Language": language}
        page = await sponsor.client.get(path, headers=headers)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        for word in words:
            assert word in page.text
        for outside in ("<script", "http:", "https:", "<link", "<img", "url(", "@import"):
            assert outside not in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")


async def test_the_page_of_an_empty_statement_says_so(offices: Offices) -> None:
    page = await offices.sponsor.get("2020", format="html")
    assert "この年度には何も約束・提供されていない。" in page.text
    assert "令和2年度" in page.text


# --- Who may read, and what


async def test_an_organisation_reads_its_own_statement_and_an_operator_any(
    offices: Offices,
) -> None:
    sponsor, neighbour, yui = offices.sponsor, offices.neighbour, offices.yui
    await offices.telling.hear(*a_year(sponsor.organisation_id, neighbour.organisation_id))
    own = await sponsor.read("2011")
    assert await yui.read("2011", sponsor.organisation_id) == own
    for of in (sponsor.organisation_id, "nobody"):
        refused = await neighbour.get("2011", of)
        assert refused.status_code == httpx2.codes.NOT_FOUND
        assert refused.json()["type"] == "urn:yui:problem:not-found"
    unknown = await yui.get("2011", "nobody")
    assert unknown.status_code == httpx2.codes.NOT_FOUND
    assert unknown.json()["type"] == "urn:yui:problem:not-found"


async def test_nobody_says_what_anothers_hours_are_worth(offices: Offices) -> None:
    sponsor = offices.sponsor.organisation_id
    hidden = await offices.neighbour.declare("not_valued", sponsor)
    assert hidden.status_code == httpx2.codes.NOT_FOUND
    assert (await offices.yui.declare("not_valued", sponsor)).status_code == httpx2.codes.FORBIDDEN


async def test_an_empty_statement_is_an_answer(offices: Offices) -> None:
    told = await offices.sponsor.read("2011")
    assert (told["lines"], told["totals"], told["rules"]) == ([], [], [])
    assert (await offices.sponsor.get("2011", format="csv")).text == ""


async def test_what_is_left_of_nothing_is_left_out(offices: Offices) -> None:
    who = offices.sponsor.organisation_id
    taken_back = commitment(
        RENT_AGREEMENT,
        NEAR,
        who,
        RENT,
        promise(150_000, "2011-08", "2011-08"),
        promise(0, "2011-08", "2011-08"),
    )
    await offices.telling.hear(*taken_back)
    assert (await offices.sponsor.read("2011"))["lines"] == []


@pytest.mark.parametrize(
    "told",
    [
        "23",
        "2011-2012",
        "H23",
        "平成23年度",
        "\uff12\uff10\uff11\uff11",
        "²011",
        "1926",
        "9999",
        "0000",
        "",
    ],
)
def test_a_year_is_named_by_that_in_which_it_begins(told: str) -> None:
    assert read_fiscal_year("2011") == 2011
    with pytest.raises(FiscalYearUnknown):
        read_fiscal_year(told)


async def test_a_year_that_is_named_otherwise_is_refused_with_the_rule(offices: Offices) -> None:
    refused = await offices.sponsor.get("H23")
    assert refused.status_code == httpx2.codes.UNPROCESSABLE_CONTENT
    assert refused.json()["type"] == "urn:yui:problem:fiscal-year-unknown"


@pytest.mark.parametrize(
    ("year", "era"),
    [(1988, "昭和63年度"), (1989, "平成元年度"), (2018, "平成30年度"), (2019, "令和元年度")],
)
def test_a_fiscal_year_is_of_the_era_of_its_december(year: int, era: str) -> None:
    assert era_fiscal_year(year) == era


# --- Whatever comes


class Sheltered(Event):
    """A service that the ledger has never heard of."""

    owner: ClassVar[str] = "self_support"
    category: ClassVar[str] = "shelter"
    identity_field: ClassVar[str] = "home_id"
    key_field: ClassVar[str] = "home_id"

    home_id: str


async def test_a_service_that_is_not_known_is_stated_under_its_own_name(offices: Offices) -> None:
    def given(resource: str) -> Movement:
        return Movement(
            resource=resource,
            month="2011-08",
            moved_from="open",
            moved_to="delivered",
            quantity=3,
            organisation_id=offices.sponsor.organisation_id,
        )

    shelter = Sheltered(home_id=NEAR, movements=(given("beds"), given(CAREGIVING)))
    await offices.telling.hear(shelter)
    beds, care = (await offices.sponsor.read("2011"))["lines"]
    assert (beds["service"], beds["sector"], beds["unit"], beds["delivered"]) == (
        "self_support",
        None,
        None,
        3,
    )
    assert beds["receipt"] == []
    assert (care["unit"], care["valuation"]["level"]) == ("minutes", "not_valued")
    page = await offices.sponsor.get("2011", format="html")
    assert "self_support" in page.text
    assert "規則が見当たらない。" in page.text


@pytest.mark.parametrize("seed", range(4))
async def test_a_statement_is_the_fold_of_its_organisations_movements(
    offices: Offices, seed: int
) -> None:
    random, who = Random(seed), offices.sponsor.organisation_id
    events = [
        one.model_copy(update={"organisation_id": who, "movements": tuple(_of(who, one))})
        if n % 2
        else one
        for n in range(6)
        for one in sponsored(random.choice((NEAR, FAR)), random, 15)
    ]
    await offices.telling.hear(*events)
    fold: Counter[tuple[str, str, str]] = Counter()
    for event in events:
        for moved in event.movements:
            if moved.organisation_id == who and moved.month <= "2012-03":
                fold[event.home_id, moved.month, moved.moved_from] -= moved.quantity
                fold[event.home_id, moved.month, moved.moved_to] += moved.quantity
    stated: Counter[tuple[str, str, str]] = Counter()
    for line in (await offices.sponsor.read("2011"))["lines"]:
        for month in line["months"]:
            for place in ("promised", "delivered", "confirmed"):
                stated[line["home_id"], month["month"], place] += month[place]
    assert {name: units for name, units in stated.items() if units} == {
        name: units for name, units in fold.items() if units and name[2] != "open"
    }


def _of(who: str, event: CommitmentFact) -> Iterable[Movement]:
    return (moved.model_copy(update={"organisation_id": who}) for moved in event.movements)
