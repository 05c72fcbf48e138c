"""Organisations and homes as the register announces them, for tests that do without it."""

from dataclasses import dataclass, field
from datetime import date

from shared.access.keys import ApiKey, new_key
from shared.contracts.event import Event, Month, Movement
from shared.contracts.homes import HomeRegistered, NeedRestated, RequiredTotal
from shared.contracts.organisations import KeyIssued, OrganisationRegistered, PartyJoined, Sector
from shared.ids import new_opaque_id
from tests.support.publishing import Publisher


@dataclass(frozen=True)
class Partner:
    sector: Sector
    organisation_id: str = field(default_factory=new_opaque_id)
    key: ApiKey = field(default_factory=new_key)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def asking(self) -> dict[str, str]:
        """Headers of a request that has not been made before."""
        return {**self.headers, "Idempotency-Key": new_opaque_id()}


async def announce(publisher: Publisher, partner: Partner, home_id: str) -> None:
    await publisher.publish(*introduction(partner, home_id))


def introduction(partner: Partner, *home_ids: str) -> tuple[Event, ...]:
    """Return what the register says of a partner: who it is, its key, its homes."""
    who = partner.organisation_id
    return (
        OrganisationRegistered(organisation_id=who, sectors=(partner.sector,)),
        KeyIssued(
            organisation_id=who,
            key_id=partner.key.key_id,
            secret_sha256=partner.key.secret_sha256,
        ),
        *(
            PartyJoined(home_id=home_id, organisation_id=who, sector=partner.sector)
            for home_id in home_ids
        ),
    )


async def announce_home(
    publisher: Publisher, home_id: str, resource: str, required: dict[Month, int]
) -> None:
    await publisher.publish(
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
                RequiredTotal(resource=resource, month=month, quantity=quantity)
                for month, quantity in required.items()
            ),
            movements=tuple(
                Movement(
                    resource=resource,
                    month=month,
                    moved_from="need",
                    moved_to="open",
                    quantity=quantity,
                )
                for month, quantity in required.items()
            ),
        ),
    )
