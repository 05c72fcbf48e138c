"""Makes what partners and homes would say: needs, promises, then deliveries and confirmations."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from random import Random
from typing import Final, TypeAlias
from uuid import UUID

from aiokafka.partitioner import murmur2

from deploy.topics import PARTITIONS
from shared.clock import now
from shared.contracts.commitment import Agreed, Promised
from shared.contracts.event import Event, Month, Movement, Place
from shared.contracts.government_sponsorship import GrantDecided, GrantPromised
from shared.contracts.homes import (
    BusinessDateAdvanced,
    DeliveryConfirmed,
    NeedRestated,
    RequiredTotal,
)
from shared.contracts.nonprofit_staffing import (
    CaregivingPlanned,
    ProgrammeAgreed,
    SessionsPlanned,
    StaffingPlanAgreed,
)
from shared.contracts.rent_sponsorship import RentAgreementSigned, RentPaid, RentPromised
from shared.contracts.resources import (
    CAREGIVING,
    CHILDREN_NEEDS,
    PROGRAMME,
    RENT,
    VOLUNTEERING,
)
from shared.contracts.volunteers import HoursPledged, VolunteerPledgeAgreed
from shared.envelope import Envelope
from shared.ids import new_id, new_opaque_id

Stamped: TypeAlias = tuple[Event, Envelope]

COMMITTED: Final[Mapping[str, tuple[type[Agreed], type[Promised]]]] = {
    RENT: (RentAgreementSigned, RentPromised),
    CHILDREN_NEEDS: (GrantDecided, GrantPromised),
    CAREGIVING: (StaffingPlanAgreed, CaregivingPlanned),
    PROGRAMME: (ProgrammeAgreed, SessionsPlanned),
    VOLUNTEERING: (VolunteerPledgeAgreed, HoursPledged),
}
"""With which words each resource is agreed on and promised."""

TODAY: Final = date(2026, 11, 15)
THIS_YEAR: Final = tuple(f"2026-{month:02}" for month in range(1, 13))

REQUIRED: Final = 10**9
PAID_YEN: Final = 100
CONFIRMED_LATER: Final = 50
"""How many other payments come between a payment and its confirmation."""


@dataclass(frozen=True, slots=True)
class Home:
    """A home, and who promised it what it needs, by one commitment for each resource."""

    home_id: str = field(default_factory=new_opaque_id)
    organisation_id: str = field(default_factory=new_opaque_id)

    def commitment_id(self, resource: str) -> str:
        return f"{self.home_id}-{resource}"


def homes(number: int) -> list[Home]:
    """Return new homes, spread evenly over the partitions, and so over two processes.

    Left to chance, ten homes seldom fall five and five: that would measure the dice.
    """
    halves = [first + half for first in range(PARTITIONS // 2) for half in (0, PARTITIONS // 2)]
    return [_home_in(halves[place % PARTITIONS]) for place in range(number)]


def _home_in(partition: int) -> Home:
    for _ in count():
        home = Home()
        if (murmur2(home.home_id.encode()) & 0x7FFFFFFF) % PARTITIONS == partition:
            return home
    raise AssertionError


@dataclass(slots=True)
class Workload:
    """Keeps every stream's version, as the owners would."""

    random: Random = field(default_factory=lambda: Random(1))  # noqa: S311  a repeatable load
    versions: dict[str, int] = field(default_factory=dict)

    def agreed(
        self,
        settled: Iterable[Home],
        months: Sequence[Month],
        *,
        resources: Sequence[str] = (RENT,),
        left_open: frozenset[tuple[str, Month]] = frozenset(),
    ) -> Iterator[Stamped]:
        """What comes before any delivery: the day, what is needed, who promised it."""
        if not self.versions:
            yield from self.told(BusinessDateAdvanced(business_date=TODAY))
        for home in settled:
            yield from self.told(_needed(home, resources, months))
            for resource in resources:
                promised = [month for month in months if (resource, month) not in left_open]
                yield from self.told(*_promised(home, resource, promised))

    def paid(
        self, paying: Sequence[Home], months: Sequence[Month], events: int
    ) -> Iterator[Stamped]:
        """Half payments, half confirmations: each one fact with one movement."""
        unconfirmed: deque[tuple[Home, RentPaid, int]] = deque()
        for _ in range(events // 2):
            home = self.random.choice(paying)
            payment = _payment(home, self.random.choice(months))
            envelope = self._envelope(payment)
            yield payment, envelope
            unconfirmed.append((home, payment, envelope.version))
            if len(unconfirmed) > CONFIRMED_LATER:
                yield from self.told(_confirmation(*unconfirmed.popleft()))
        for waiting in unconfirmed:
            yield from self.told(_confirmation(*waiting))

    def told(self, *events: Event) -> Iterator[Stamped]:
        for event in events:
            yield event, self._envelope(event)

    def _envelope(self, event: Event) -> Envelope:
        version = self.versions.get(event.stream, 0) + 1
        self.versions[event.stream] = version
        event_id: UUID = new_id()
        return Envelope(
            event_id=event_id,
            type_name=event.type_name(),
            source=f"yui/{event.owner}",
            stream=event.stream,
            version=version,
            recorded_at=now(),
            correlation=f"request-{event_id.hex}",
            causation=None,
        )


def _needed(home: Home, resources: Sequence[str], months: Sequence[Month]) -> Event:
    cells = [(resource, month) for resource in resources for month in months]
    return NeedRestated(
        home_id=home.home_id,
        required=tuple(
            RequiredTotal(resource=resource, month=month, quantity=REQUIRED)
            for resource, month in cells
        ),
        movements=tuple(_moved(*cell, "need", "open", REQUIRED) for cell in cells),
    )


def _promised(home: Home, resource: str, months: Sequence[Month]) -> Iterator[Event]:
    agreed, promised = COMMITTED[resource]
    commitment = {
        "home_id": home.home_id,
        "commitment_id": home.commitment_id(resource),
        "organisation_id": home.organisation_id,
    }
    terms = {"resource": resource, "agreed_on": date(2011, 10, 1), "notice_months": 3}
    yield agreed.model_validate({**commitment, **terms})
    yield promised.model_validate(
        {
            **commitment,
            "promised": [{"month": month, "quantity": REQUIRED} for month in months],
            "movements": [
                _moved(resource, month, "open", "promised", REQUIRED, home) for month in months
            ],
        }
    )


def _payment(home: Home, month: Month) -> RentPaid:
    delivery_id = new_opaque_id()
    return RentPaid(
        home_id=home.home_id,
        commitment_id=home.commitment_id(RENT),
        organisation_id=home.organisation_id,
        delivery_id=delivery_id,
        month=month,
        quantity=PAID_YEN,
        movements=(_moved(RENT, month, "promised", "delivered", PAID_YEN, home, delivery_id),),
    )


def _confirmation(home: Home, payment: RentPaid, version: int) -> DeliveryConfirmed:
    moved = _moved(
        RENT,
        payment.month,
        "delivered",
        "confirmed",
        payment.quantity,
        home,
        payment.delivery_id,
        version,
    )
    return DeliveryConfirmed(
        home_id=home.home_id,
        delivery_id=payment.delivery_id,
        delivery_version=version,
        quantity=payment.quantity,
        confirmed=payment.quantity,
        confirmed_by=home.home_id,
        movements=(moved,),
    )


def _moved(
    resource: str,
    month: Month,
    source: Place,
    target: Place,
    quantity: int,
    home: Home | None = None,
    delivery_id: str | None = None,
    delivery_version: int | None = None,
) -> Movement:
    return Movement(
        resource=resource,
        month=month,
        moved_from=source,
        moved_to=target,
        quantity=quantity,
        organisation_id=None if home is None else home.organisation_id,
        commitment_id=None if home is None else home.commitment_id(resource),
        delivery_id=delivery_id,
        delivery_version=delivery_version,
    )
