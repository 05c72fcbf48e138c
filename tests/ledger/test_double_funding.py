"""The same units, delivered from public support and by a sponsor, are found in any order."""

from collections.abc import AsyncIterator, Sequence
from random import Random
from typing import Any

import pytest

from services.ledger.domain.double_funding import (
    BOTH,
    SPONSOR,
    DoubleFunding,
    Funding,
    funder,
    suspects,
)
from services.ledger.domain.posting import Cell
from shared.contracts.event import Event, Movement, Place, topic_of
from shared.contracts.government_sponsorship import TOPIC as PUBLIC
from shared.contracts.government_sponsorship import DisbursementCorrected, GrantDisbursed
from shared.contracts.homes import NeedRestated
from shared.contracts.ledger import DoubleFundingFound, DoubleFundingMended, LedgerEvent
from shared.contracts.rent_sponsorship import TOPIC as SPONSORED
from shared.contracts.rent_sponsorship import RentPaid, RentPaymentCorrected
from shared.contracts.resources import RENT
from shared.ids import new_opaque_id
from tests.ledger.books import Ledger, ledger_on
from tests.support.records import Log, envelopes
from tests.support.stack import MakeDatabase

MONTH = "2011-08"
WHERE = {"home_id": "h", "resource": RENT, "month": MONTH}
CITY, SPONSOR_ID, NEIGHBOUR = "city", "sponsor", "neighbour"


# --- The rule

TOLD: list[tuple[str, int, list[Funding], int, tuple[str, ...]]] = [
    (
        "both stand, beyond what is required",
        40,
        [Funding(PUBLIC, CITY, 100), Funding(SPONSORED, SPONSOR_ID, 90)],
        40,
        (CITY, SPONSOR_ID),
    ),
    (
        "both stand, and together they are what is required",
        0,
        [Funding(PUBLIC, CITY, 60), Funding(SPONSORED, SPONSOR_ID, 90)],
        0,
        (),
    ),
    (
        "two sponsors are no public support",
        50,
        [Funding(SPONSORED, SPONSOR_ID, 150), Funding(SPONSORED, NEIGHBOUR, 50)],
        0,
        (),
    ),
    (
        "what was corrected to nothing stands no more",
        50,
        [Funding(PUBLIC, CITY, 200), Funding(SPONSORED, SPONSOR_ID, 0)],
        0,
        (),
    ),
    (
        "one organisation may stand on both sides, and nobody's gift is somebody's",
        20,
        [
            Funding(PUBLIC, CITY, 100),
            Funding(SPONSORED, CITY, 60),
            Funding("yui.new.v1", None, 10),
        ],
        20,
        (CITY,),
    ),
]


@pytest.mark.parametrize(
    ("beyond", "funding", "excess", "organisations"),
    [case[1:] for case in TOLD],
    ids=[case[0] for case in TOLD],
)
def test_what_is_funded_twice(
    beyond: int, funding: list[Funding], excess: int, organisations: tuple[str, ...]
) -> None:
    cell = DoubleFunding("h", RENT, MONTH)
    cell.weigh(beyond, funding)
    assert (cell.excess, cell.organisations) == (excess, organisations)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0, 0, []),
        (
            0,
            7,
            [DoubleFundingFound(**WHERE, episode=3, excess=7, organisations=(CITY, SPONSOR_ID))],
        ),
        (7, 4, []),
        (7, 0, [DoubleFundingMended(**WHERE, episode=2)]),
    ],
)
def test_double_funding_is_told_when_it_is_found_and_when_it_is_mended(
    before: int, after: int, said: list[LedgerEvent]
) -> None:
    cell = DoubleFunding("h", RENT, MONTH, episode=2, excess_before=before)
    cell.weigh(after, [Funding(PUBLIC, CITY, 50), Funding(SPONSORED, SPONSOR_ID, 50)])
    assert list(cell.said()) == said


def test_no_cell_is_looked_into_but_one_that_both_have_delivered_to_beyond_its_need() -> None:
    def cell(month: str, *places: int, before: int = 0, funders: int = BOTH) -> Cell:
        return Cell("h", RENT, month, list(places), beyond_before=before, funders=funders)

    found = suspects(
        [
            cell("2011-04", -100, -50, 0, 150, 0),
            cell("2011-05", -100, -50, 0, 150, 0, funders=SPONSOR),
            cell("2011-06", -100, 0, 0, 60, 40),
            cell("2011-07", -100, 20, 0, 40, 40, before=30),
            cell("2011-08", -100, -70, 30, 140, 0),
        ]
    )
    assert found == {
        ("h", RENT, "2011-04"): 50,
        ("h", RENT, "2011-07"): 0,
        ("h", RENT, "2011-08"): 40,
    }


def test_whoever_is_heard_of_for_the_first_time_is_a_sponsor() -> None:
    assert funder("yui.goods.v1") == SPONSOR


# --- In the books


@pytest.fixture
async def ledger(database: MakeDatabase) -> AsyncIterator[Ledger]:
    made = await database("ledger")
    async with ledger_on(made) as running:
        yield running


class Month:
    """One home's rent of one month, and who pays it."""

    def __init__(self) -> None:
        self.home_id = new_opaque_id()

    def needs(self, quantity: int) -> Event:
        movements = (_moved("need", "open", quantity),)
        return NeedRestated(home_id=self.home_id, required=(), movements=movements)

    def pays(self, kind: type[GrantDisbursed | RentPaid], who: str, quantity: int) -> Event:
        movements = (_moved("open", "delivered", quantity, who),)
        return kind(**self._delivery(who), quantity=quantity, movements=movements)

    def corrects(
        self, kind: type[DisbursementCorrected | RentPaymentCorrected], who: str, change: int
    ) -> Event:
        """Correct by so much, up or down."""
        way: tuple[Place, Place] = ("open", "delivered") if change > 0 else ("delivered", "open")
        return kind(
            **self._delivery(who),
            quantity=0,
            beyond_promise=0,
            movements=(_moved(*way, abs(change), who),),
        )

    def _delivery(self, who: str) -> dict[str, Any]:
        return {
            "home_id": self.home_id,
            "organisation_id": who,
            "commitment_id": f"{who}-{self.home_id}",
            "delivery_id": f"paid-by-{who}",
            "month": MONTH,
        }


def _moved(source: Place, target: Place, quantity: int, who: str | None = None) -> Movement:
    return Movement(
        resource=RENT,
        month=MONTH,
        moved_from=source,
        moved_to=target,
        quantity=quantity,
        organisation_id=who,
    )


async def hear_each(ledger: Ledger, events: Sequence[Event]) -> AsyncIterator[Event]:
    """Hear one event after the other, each in a batch of its own, and yield what was heard."""
    log = Log()
    log.write_all(envelopes(events))
    await ledger.know(log)
    next_of = {topic: iter(records) for topic, records in log.topics.items()}
    for event in events:
        await ledger.hear([next(next_of[topic_of(event.owner)])])
        yield event


async def standing(ledger: Ledger, home_id: str) -> tuple[int, list[str]]:
    row = await ledger.pool.fetchrow(
        "SELECT excess, organisations FROM double_funding WHERE home_id = $1", home_id
    )
    return (0, []) if row is None else (row["excess"], row["organisations"])


async def told(ledger: Ledger, home_id: str) -> list[tuple[str, int, str]]:
    """Return what was said, of which episode, and because of what."""
    rows = await ledger.pool.fetch(
        """SELECT event.type, convert_from(event.body, 'UTF8')::jsonb->'episode' AS episode,
               link.type AS cause
        FROM event LEFT JOIN link ON link.event_id = event.causation
        WHERE event.key = $1 AND event.type LIKE '%DoubleFunding%' ORDER BY position""",
        home_id,
    )
    return [(row["type"].split(".")[1], int(row["episode"]), row["cause"]) for row in rows]


async def test_each_time_it_is_found_is_an_episode_until_one_side_mends_it(ledger: Ledger) -> None:
    rent = Month()
    steps: list[tuple[Event, tuple[int, list[str]]]] = [
        (rent.needs(100), (0, [])),
        (rent.pays(RentPaid, SPONSOR_ID, 100), (0, [])),
        (rent.pays(GrantDisbursed, CITY, 30), (30, [CITY, SPONSOR_ID])),
        (rent.pays(RentPaid, NEIGHBOUR, 5), (35, [CITY, NEIGHBOUR, SPONSOR_ID])),
        (rent.corrects(RentPaymentCorrected, SPONSOR_ID, -35), (0, [])),
        (rent.corrects(DisbursementCorrected, CITY, 10), (10, [CITY, NEIGHBOUR, SPONSOR_ID])),
        (rent.needs(10), (0, [])),
        (rent.pays(RentPaid, "giver", 1), (1, [CITY, "giver", NEIGHBOUR, SPONSOR_ID])),
        (rent.corrects(DisbursementCorrected, CITY, -40), (0, [])),
    ]
    expected = iter(steps)
    async for event in hear_each(ledger, [event for event, _ in steps]):
        _, stands = next(expected)
        assert await standing(ledger, rent.home_id) == stands, event

    assert await told(ledger, rent.home_id) == [
        ("DoubleFundingFound", 1, "government_sponsorship.GrantDisbursed.v1"),
        ("DoubleFundingMended", 1, "rent_sponsorship.RentPaymentCorrected.v1"),
        ("DoubleFundingFound", 2, "government_sponsorship.DisbursementCorrected.v1"),
        ("DoubleFundingMended", 2, "homes.NeedRestated.v1"),
        ("DoubleFundingFound", 3, "rent_sponsorship.RentPaid.v1"),
        ("DoubleFundingMended", 3, "government_sponsorship.DisbursementCorrected.v1"),
    ]


@pytest.mark.parametrize("seed", range(5))
async def test_what_stands_funded_twice_does_not_depend_on_any_order(
    ledger: Ledger, seed: int
) -> None:
    random, rent = Random(seed), Month()
    stamped = envelopes(
        [
            rent.needs(100),
            rent.pays(RentPaid, SPONSOR_ID, 150),
            rent.corrects(RentPaymentCorrected, SPONSOR_ID, -60),
            rent.pays(GrantDisbursed, CITY, 80),
            rent.corrects(DisbursementCorrected, CITY, -50),
            rent.needs(7),
        ]
    )
    random.shuffle(stamped)
    log = Log()
    log.write_all(stamped)
    await ledger.know(log)
    at = dict.fromkeys(log.topics, 0)
    while left := [topic for topic, records in log.topics.items() if at[topic] < len(records)]:
        topic = random.choice(left)
        end = at[topic] + random.randint(1, 3)
        await ledger.hear(log.topics[topic][at[topic] : end])
        at[topic] = end

    assert await standing(ledger, rent.home_id) == (13, [CITY, SPONSOR_ID])
    said = [word for word, _, _ in await told(ledger, rent.home_id)]
    assert said[-1] == "DoubleFundingFound"
    assert said == ["DoubleFundingFound", "DoubleFundingMended"] * (len(said) // 2) + said[-1:]


async def test_two_sponsors_beyond_the_need_cost_no_look_at_the_entries(ledger: Ledger) -> None:
    rent = Month()
    events = [rent.pays(RentPaid, SPONSOR_ID, 100), rent.pays(RentPaid, NEIGHBOUR, 100)]
    async for _ in hear_each(ledger, events):
        pass
    row = await ledger.pool.fetchrow("SELECT funders FROM cell WHERE home_id = $1", rent.home_id)
    assert row is not None
    assert row["funders"] == SPONSOR
    assert await ledger.pool.fetchval("SELECT count(*) FROM double_funding") == 0
