"""A home says what it needs and confirms what has arrived; the books show it."""

from datetime import date
from typing import Any

from shared.contracts.rent_sponsorship import RentAgreementSigned, RentPaid, RentPaymentCorrected
from shared.contracts.resources import RENT
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.stack import MakeDatabase, Stack
from tests.support.village import Village, village

AUGUST = "2011-08"
PLACES = ("required", "open", "promised", "delivered", "confirmed")


async def test_what_a_home_confirms_is_in_its_books(stack: Stack, database: MakeDatabase) -> None:
    db = await database("homes", "rent_sponsorship", "ledger")
    homes = await stack.start("homes", db)
    rent = await stack.start("rent_sponsorship", db)
    ledger = await stack.start("ledger", db)
    async with village(stack, homes) as here:
        sponsor = await here.join("company")
        await here.tending.done(
            f"{here.path}/needs", {"resource": RENT, "from_month": AUGUST, "quantity": 150_000}
        )
        payment_id = await promised_and_paid(Caller(rent.url, sponsor.key), here.home_id)
        arrived = await arrival(here, payment_id)
        assert (arrived["quantity"], arrived["confirmed"]) == (150_000, 0)

        confirmation = {"quantity": 100_000, "delivery_version": arrived["delivery_version"]}
        path = f"{here.path}/deliveries/{payment_id}"
        first = await here.tending.done(f"{path}/confirmation", confirmation)
        back = await here.tending.done(f"{path}/taking-back", {"quantity": 20_000})
        assert (first["confirmed"], back["confirmed"]) == (100_000, 80_000)

        reading = Caller(ledger.url, here.nonprofit.key)
        for answer in (first, back):
            booked = await reading.read(f"/v1/events/{answer['event_ids'][0]}?wait=10")
            assert booked["outcome"] == "booked", ledger.log.read_text()[-3000:]
        books = (await reading.read(f"{here.path}/ledger"))["items"]
    assert {cell["month"]: tuple(cell[place] for place in PLACES) for cell in books} == {
        "2011-08": (150_000, 0, 0, 70_000, 80_000),
        "2011-09": (150_000, 0, 150_000, 0, 0),
    }


async def promised_and_paid(sponsor: Caller, home_id: str) -> str:
    """Promise and pay rent, as soon as the sponsor's service has heard of home and need."""
    agreed: list[str] = []

    async def sign() -> bool:
        answer = await sponsor.done("/v1/rent-agreements", {"home_id": home_id})
        agreed.append(answer["commitment_id"])
        return True

    await assert_eventually(sign)
    agreement = f"/v1/rent-agreements/{agreed[-1]}"
    promise = {"from_month": AUGUST, "through_month": "2011-09", "amount_yen": 150_000}

    async def is_promised() -> bool:
        return bool(await sponsor.done(f"{agreement}/promises", promise))

    await assert_eventually(is_promised)
    payment = {"month": AUGUST, "amount_yen": 150_000}
    return str((await sponsor.done(f"{agreement}/payments", payment))["delivery_id"])


async def arrival(here: Village, delivery_id: str) -> dict[str, Any]:
    """What the home sees of a delivery, once its event has come."""
    seen: list[dict[str, Any]] = []

    async def has_arrived() -> bool:
        page = await here.tending.read(f"{here.path}/deliveries?month={AUGUST}")
        seen[:] = [one for one in page["items"] if one["delivery_id"] == delivery_id]
        return bool(seen)

    await assert_eventually(has_arrived)
    return seen[0]


async def test_a_delivery_is_confirmed_only_once_its_event_has_come(
    stack: Stack, database: MakeDatabase
) -> None:
    homes = await stack.start("homes", await database("homes"))
    async with village(stack, homes) as here:
        sponsor = await here.join("company")
        commitment = {
            "commitment_id": f"agreement-{here.home_id}",
            "home_id": here.home_id,
            "organisation_id": sponsor.organisation_id,
        }
        payment_id = f"payment-{here.home_id}"
        path = f"{here.path}/deliveries/{payment_id}"
        signed = RentAgreementSigned(
            **commitment, resource=RENT, agreed_on=date(2011, 7, 1), notice_months=2
        )
        paid = RentPaid(**commitment, delivery_id=payment_id, month=AUGUST, quantity=100)
        confirmation = {"quantity": 100, "delivery_version": 2}

        # The partner's topic withheld: what is not known to have arrived is not confirmed.
        assert await here.tending.refused(f"{path}/confirmation", confirmation) == ("not-found")
        await here.publisher.publish(signed, paid)
        await arrival(here, payment_id)
        await here.tending.done(f"{path}/confirmation", confirmation)

        # Nor is a correction that the home has not seen.
        await here.tending.done(f"{path}/taking-back", {"quantity": 100})
        await here.publisher.publish(
            RentPaymentCorrected(
                **commitment,
                delivery_id=payment_id,
                month=AUGUST,
                quantity=60,
                beyond_promise=0,
            )
        )

        async def is_corrected() -> bool:
            return bool((await arrival(here, payment_id))["delivery_version"] == 3)

        await assert_eventually(is_corrected)
        assert await here.tending.refused(f"{path}/confirmation", confirmation) == (
            "delivery-changed"
        )
        await here.tending.done(f"{path}/confirmation", {"quantity": 60, "delivery_version": 3})

        sponsoring = Caller(homes.url, sponsor.key)
        assert await sponsoring.refused(f"{path}/taking-back", {"quantity": 1}) == (
            "deliverer-receives"
        )
        disputed = await here.tending.done(f"{path}/disputes", {"reason_code": "quantity_differs"})
        dispute = (await arrival(here, payment_id))["disputes"][0]
        assert (dispute["dispute_id"], dispute["open"]) == (disputed["dispute_id"], True)
        await here.tending.done(f"{path}/disputes/{disputed['dispute_id']}/closing")
        assert not (await arrival(here, payment_id))["disputes"][0]["open"]
        unconfirmed = await here.tending.read(f"{here.path}/deliveries?unconfirmed=true")
        assert unconfirmed["items"] == []
