"""The kinds of commitment, each in the words of its sector's API."""

from dataclasses import dataclass, replace
from typing import Any

from shared.contracts import resources
from shared.contracts.organisations import Sector
from tests.support.asking import Caller
from tests.support.partners import Partner


@dataclass(frozen=True)
class Kind:
    """How one kind of commitment is named, and how it is counted."""

    service: str
    sector: Sector
    resource: str
    commitments: str
    deliveries: str
    amount: str
    beyond: str
    need: int
    """What a home of the tests needs a month; a multiple of twenty."""

    def __str__(self) -> str:
        return f"{self.commitments} of {self.resource}"


GRANT = Kind(
    service="government_sponsorship",
    sector="government",
    resource=resources.CHILDREN_NEEDS,
    commitments="grants",
    deliveries="disbursements",
    amount="amount_yen",
    beyond="beyond_promise_yen",
    need=500_000,
)
RENT_GRANT = replace(GRANT, resource=resources.RENT, need=150_000)
STAFFING_PLAN = Kind(
    service="nonprofit_staffing",
    sector="nonprofit",
    resource=resources.CAREGIVING,
    commitments="staffing-plans",
    deliveries="hours-worked",
    amount="minutes",
    beyond="beyond_promise_minutes",
    need=86_400,
)
PROGRAMME = Kind(
    service="nonprofit_staffing",
    sector="nonprofit",
    resource=resources.PROGRAMME,
    commitments="programmes",
    deliveries="sessions",
    amount="sessions",
    beyond="beyond_promise_sessions",
    need=20,
)
RENT_AGREEMENT = Kind(
    service="rent_sponsorship",
    sector="company",
    resource=resources.RENT,
    commitments="rent-agreements",
    deliveries="payments",
    amount="amount_yen",
    beyond="beyond_promise_yen",
    need=150_000,
)
PLEDGE = Kind(
    service="volunteers",
    sector="volunteers",
    resource=resources.VOLUNTEERING,
    commitments="pledges",
    deliveries="attendances",
    amount="minutes",
    beyond="beyond_promise_minutes",
    need=1_200,
)
KINDS = (GRANT, RENT_GRANT, STAFFING_PLAN, PROGRAMME, RENT_AGREEMENT, PLEDGE)


class Contributor:
    """A partner that makes and keeps one kind of commitment to one home."""

    def __init__(self, kind: Kind, url: str, partner: Partner, home_id: str) -> None:
        self.kind = kind
        self.partner = partner
        self.caller = Caller(url, partner.key)
        self._home_id = home_id
        self._path = f"/v1/{kind.commitments}"
        self.commitment_id = ""

    async def knows_the_home(self) -> bool:
        """Agree once the service has heard of key, party and home."""
        agreement = {"home_id": self._home_id, "resource": self.kind.resource}
        answer = await self.caller.post(self._path, agreement)
        if answer.is_success:
            self.commitment_id = answer.json()["commitment_id"]
            self._path = f"{self._path}/{self.commitment_id}"
        return bool(answer.is_success)

    async def agreement_refused(self) -> str:
        return await self.caller.refused(
            f"/v1/{self.kind.commitments}", {"home_id": self._home_id}
        )

    def promise(self, quantity: int, first: str, last: str | None, **more: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        return {
            "from_month": first,
            "through_month": last,
            self.kind.amount: quantity,
            **more,
        }

    async def promises(self, quantity: int, first: str, last: str | None, **more: Any) -> None:  # noqa: ANN401  JSON
        await self.caller.done(
            f"{self._path}/promises", self.promise(quantity, first, last, **more)
        )

    async def promise_refused(self, quantity: int, first: str, last: str | None) -> str:
        return await self.caller.refused(
            f"{self._path}/promises", self.promise(quantity, first, last)
        )

    async def delivers(
        self, quantity: int, month: str, *, beyond: int = 0, gift: bool = False
    ) -> str:
        """Report a delivery, and return its id."""
        body = {
            "month": month,
            self.kind.amount: quantity,
            self.kind.beyond: beyond,
            "gift": gift,
        }
        answer = await self.caller.done(f"{self._path}/{self.kind.deliveries}", body)
        return str(answer["delivery_id"])

    async def delivery_refused(self, quantity: int, month: str) -> str:
        return await self.caller.refused(
            f"{self._path}/{self.kind.deliveries}", {"month": month, self.kind.amount: quantity}
        )

    def delivery(self, delivery_id: str) -> str:
        return f"{self._path}/{self.kind.deliveries}/{delivery_id}"

    async def corrects(self, delivery_id: str, quantity: int) -> None:
        path = f"{self.delivery(delivery_id)}/correction"
        await self.caller.done(path, {self.kind.amount: quantity})

    async def correction_refused(self, delivery_id: str, quantity: int) -> str:
        path = f"{self.delivery(delivery_id)}/correction"
        return await self.caller.refused(path, {self.kind.amount: quantity})

    async def withdraws(self, notice_on: str) -> str:
        """Give notice, and return the id of the event that says so."""
        answer = await self.caller.done(f"{self._path}/withdrawal", {"notice_on": notice_on})
        return str(answer["event_ids"][0])

    async def months(self) -> dict[str, dict[str, Any]]:
        return {
            month.pop("month"): month for month in (await self.caller.read(self._path))["months"]
        }
