"""A sponsor of many homes sees all of them at once; payments keep hash and pointer."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import date

import httpx2
import pytest

from services.rent_sponsorship.domain import AGREEMENTS
from services.rent_sponsorship.domain.sponsored import Sponsored, at_a_glance
from shared.commitments.commands import Command
from shared.commitments.state import Commitment
from shared.contracts.homes import DeliveryConfirmed
from tests.rent_sponsorship.leasing import Renting, renting
from tests.support.commitments import agree, deliver, promise, withdraw
from tests.support.stack import MakeDatabase

SPONSORED = "/v1/sponsored-homes"
RECEIPT = {"evidence_sha256": "5e" * 32, "evidence_id": "receipt-2011-08"}


def agreement(*commands: Command) -> Commitment:
    found, decider = Commitment(), AGREEMENTS.decider
    for command in (agree(), *commands):
        found = decider.fold(decider.decide(command, found), onto=found)
    return found


def test_what_is_due_next_is_the_first_month_that_is_not_paid_in_full() -> None:
    months = promise(100, "2012-01", "2012-04")
    paid = deliver(100, "2012-01"), deliver(30, "2012-02", delivery_id="e")
    gift = deliver(7, "2011-12", gift=True, delivery_id="g")
    one = agreement(months, *paid, gift)
    # January is paid; of February 70 are left, and the month has ended; March and April are due.
    assert at_a_glance(one, "2012-03") == Sponsored(
        first_month="2012-01",
        last_month="2012-04",
        months=4,
        promised_yen=400,
        delivered_yen=137,
        overdue_yen=70,
        next_due_month="2012-02",
        next_due_yen=70,
    )
    assert at_a_glance(one, "2012-02").overdue_yen == 0


def test_nothing_is_due_of_what_fell_away_or_was_never_promised() -> None:
    gone = agreement(promise(100, "2012-03", "2012-04"), withdraw("2011-12-10"))
    for one in (gone, agreement()):
        seen = at_a_glance(one, "2012-05")
        assert (seen.months, seen.promised_yen, seen.overdue_yen) == (0, 0, 0)
        assert (seen.first_month, seen.next_due_month, seen.next_due_yen) == (None, None, 0)


@pytest.fixture
async def here(database: MakeDatabase) -> AsyncIterator[Renting]:
    async with renting(database) as one:
        yield one


async def test_a_sponsor_of_two_homes_sees_both_at_once(here: Renting) -> None:
    paths = [await here.api.agreement("sponsor", home) for home in ("h", "other-home")]
    await here.api.agreement("baker", "h")
    payments = f"/v1/rent-agreements{paths[0]}/payments"
    paid = {"month": "2011-08", "amount_yen": 1_000, **RECEIPT}
    delivery_id = (await here.done("sponsor", payments, paid))["delivery_id"]
    await here.api.hears(
        DeliveryConfirmed(
            delivery_id=delivery_id,
            home_id="h",
            delivery_version=3,
            quantity=600,
            confirmed=600,
            confirmed_by="nonprofit",
        )
    )
    await here.api.day(date(2011, 9, 15))

    listed = {one["home_id"]: one for one in await here.items("sponsor", SPONSORED)}
    assert sorted(listed) == ["h", "other-home"]
    first, other = listed["h"], listed["other-home"]
    assert (first["promised_yen"], first["delivered_yen"], first["confirmed_yen"]) == (
        3_000,
        1_000,
        600,
    )
    assert (first["overdue_yen"], first["next_due_month"]) == (0, "2011-09")
    assert (other["overdue_yen"], other["next_due_month"]) == (1_000, "2011-08")

    page = (await here.get("sponsor", f"{SPONSORED}?limit=1")).json()
    rest = await here.items("sponsor", f"{SPONSORED}?limit=1&cursor={page['next_cursor']}")
    assert [one["agreement_id"] for one in (*page["items"], *rest)] == sorted(
        path.removeprefix("/") for path in paths
    )
    table = (await here.get("sponsor", SPONSORED, Accept="text/csv")).text
    assert {row["months"] for row in csv.DictReader(io.StringIO(table))} == {"3"}
    assert await here.items("nonprofit", SPONSORED) == []


async def test_a_payment_keeps_the_hash_and_the_pointer_of_its_receipt(here: Renting) -> None:
    payments = f"/v1/rent-agreements{await here.api.agreement('sponsor', 'h')}/payments"
    paid = {"month": "2011-08", "amount_yen": 1_000}
    pointing = {**paid, "evidence_id": "receipt-2011-08"}
    assert await here.refused("sponsor", payments, pointing) == "evidence-without-hash"
    await here.done("sponsor", payments, {**paid, **RECEIPT})
    (shown,) = await here.items("nonprofit", payments)
    assert {name: shown[name] for name in RECEIPT} == RECEIPT
    file = await here.post("sponsor", payments, {**paid, "evidence": "JVBERi0="})
    assert file.status_code == httpx2.codes.UNPROCESSABLE_CONTENT, "never the file"
