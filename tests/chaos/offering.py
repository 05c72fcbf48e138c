"""Partners answer what homes ask for, and homes accept some of it: nothing is half-promised."""

import random
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import httpx2

from deploy.database import connected
from tests.chaos.caller import Caller
from tests.chaos.scene import Scene

ASKS: Final = {
    "government_sponsorship": "grant-requests",
    "nonprofit_staffing": "vacant-posts",
    "rent_sponsorship": "rent-appeals",
    "volunteers": "open-shifts",
}
"""Each sector's own word for what it is asked for."""

ACCEPTED: Final = "SELECT count(*) FROM homes.event WHERE type = 'homes.OfferAccepted.v1'"
HALF_PROMISED: Final = """
-- Offers that a home has accepted, neither promised nor taken back; or kept, and nothing agreed.
WITH accepted AS (
    SELECT convert_from(body, 'UTF8')::jsonb ->> 'offer_id' AS offer_id FROM homes.event
    WHERE type = 'homes.OfferAccepted.v1'
), said AS ({said})
SELECT offer_id FROM accepted WHERE NOT EXISTS (
    SELECT FROM said WHERE stream = 'offer/' || offer_id AND type LIKE '%OfferTakenBack.v1'
) AND NOT (
    EXISTS (SELECT FROM said WHERE stream = 'offer/' || offer_id AND type LIKE '%OfferKept.v1')
    AND EXISTS (SELECT FROM said
                WHERE stream LIKE '%/' || offer_id AND stream <> 'offer/' || offer_id)
)
"""
SAID: Final = "SELECT stream, type FROM {service}.event"


class Asked(Protocol):
    """As much of a partner as answering has to do with."""

    caller: Caller
    client: httpx2.AsyncClient
    choices: random.Random


@dataclass
class Offering:
    """One organisation's answers to asks, and what a home's operator makes of its offers."""

    service: str
    key: str
    tending_key: str
    standing: list[tuple[str, str]] = field(default_factory=list)
    """Asks and offers to them."""

    async def act(self, by: Asked) -> None:
        if self.standing and by.choices.random() < 0.6:
            await self._settle(by)
        else:
            await self._answer(by)

    async def _answer(self, by: Asked) -> None:
        asks = f"{self.service}/v1/{ASKS[self.service]}"
        found = await by.caller.read(by.client, self.key, asks)
        if not found:
            return
        ask = by.choices.choice(found)
        path = f"{asks}/{ask['ask_id']}"
        if by.choices.random() < 0.1:
            await by.caller.ask(
                by.client, self.key, f"{path}/declining", {"reason_code": "no_funds"}
            )
            return
        part = by.choices.choice((1, 1, 2, 3))
        months = [
            {"month": one["month"], "quantity": max(1, one["quantity"] // part)}
            for one in ask["months"]
        ]
        offered = await by.caller.ask(by.client, self.key, f"{path}/offers", {"months": months})
        if offered is not None:
            self.standing.append((ask["ask_id"], offered["offer_id"]))

    async def _settle(self, by: Asked) -> None:
        """The home takes it, or its owner takes it back, or both at once: it is never both."""
        ask_id, offer_id = self.standing.pop(by.choices.randrange(len(self.standing)))
        accepting = f"homes/v1/asks/{ask_id}/offers/{offer_id}/acceptance"
        accepted: dict[str, Any] | None = None
        if by.choices.random() < 0.8:
            accepted = await by.caller.ask(by.client, self.tending_key, accepting, {})
        if accepted is None or by.choices.random() < 0.1:
            taking_back = f"{ASKS[self.service]}/{ask_id}/offers/{offer_id}/taking-back"
            await by.caller.ask(by.client, self.key, f"{self.service}/v1/{taking_back}", {})


async def half_promised(scene: Scene) -> Collection[str]:
    """Offers that came to half of what they should have; counts all that were accepted."""
    said = " UNION ALL ".join(SAID.format(service=service) for service in ASKS)
    async with connected(scene.database.url("auditor")) as connection:
        scene.other["offers accepted"] += await connection.fetchval(ACCEPTED)
        rows = await connection.fetch(HALF_PROMISED.replace("{said}", said))
    return [row["offer_id"] for row in rows]
