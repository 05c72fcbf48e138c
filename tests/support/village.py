"""One home in the real register of homes, with who runs it; everyone else is announced."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from shared.contracts.organisations import KeyIssued, OrganisationRegistered
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce
from tests.support.publishing import Publisher
from tests.support.stack import ServiceProcess, Stack

HOME = {
    "prefecture_code": "14",
    "home_operator_kind": "nonprofit",
    "capacity": 6,
    "opens_on": "2011-08-01",
    "needs_through": "2011-09",
}


@dataclass(frozen=True)
class Village:
    """A home, and three who have to do with it."""

    publisher: Publisher
    home_id: str
    nonprofit: Partner
    """Runs the home."""
    yui: Caller
    """Whoever runs this installation, at the register of homes."""
    tending: Caller
    """The nonprofit, at the register of homes."""

    @property
    def path(self) -> str:
        return f"/v1/homes/{self.home_id}"

    async def join(self, sector: Any) -> Partner:  # noqa: ANN401  one of the contract's
        """Announce a further organisation as party to the home."""
        partner = Partner(sector)
        await announce(self.publisher, partner, self.home_id)
        return partner


@asynccontextmanager
async def village(
    stack: Stack, homes: ServiceProcess, **terms: str | int | None
) -> AsyncIterator[Village]:
    """Register a home over HTTP, and make its nonprofit a party to it; `terms` differ in it."""
    operator, nonprofit = Partner("government"), Partner("nonprofit")
    yui, tending = Caller(homes.url, operator.key), Caller(homes.url, nonprofit.key)
    async with Publisher(stack.kafka_bootstrap) as publisher:
        who = operator.organisation_id
        await publisher.publish(
            OrganisationRegistered(
                organisation_id=who, sectors=(operator.sector,), operates_yui=True
            ),
            KeyIssued(
                organisation_id=who,
                key_id=operator.key.key_id,
                secret_sha256=operator.key.secret_sha256,
            ),
        )

        async def is_known() -> bool:
            return (await yui.get("/v1/homes")).is_success

        await assert_eventually(is_known)
        home = {**HOME, **terms, "home_operator_id": nonprofit.organisation_id}
        home_id = (await yui.done("/v1/homes", home))["home_id"]
        await announce(publisher, nonprofit, home_id)

        async def is_party() -> bool:
            return (await tending.get(f"/v1/homes/{home_id}")).is_success

        await assert_eventually(is_party)
        yield Village(publisher, home_id, nonprofit, yui, tending)
