"""Makes what partners and homes would say: needs, promises, then deliveries and confirmations."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from random import Random
from typing import Final, TypeAlias
from uuid import UUID

from aiokafka.partitioner import murmur2

from deploy.topics import PARTITIONS
from shared.clock import now
from shared.contracts.event import Event, Month, Movement, Place
from shared.contracts.homes import (
    BusinessDateAdvanced,
    DeliveryConfirmed,
    NeedRestated,
    RequiredTotal,
)
from shared.contracts.rent_sponsorship import RentAgreementSigned, RentPaid, RentPromised
from shared.contracts.resources import RENT
from shared.envelope import Envelope
from shared.ids import new_id, new_opaque_id

Stamped: TypeAlias = tuple[Event, Envelope]

TODAY: Final = date(2026, 11, 15)
THIS_YEAR: Final = tuple(f"2026-{month:02}" for month in range(1, 13))
LONG_AGO: Final = tuple(f"2012-{month:02}" for month in range(1, 13))

REQUIRED_YEN: Final = 10**9
PAID_YEN: Final = 100
CONFIRMED_LATER: Final = 50
"""How many other payments come between a payment and its confirmation."""


@dataclass(frozen=True, slots=True)
class Home:
    """A home, and the one agreement under which its rent is paid."""

    home_id: str = field(default_factory=new_opaque_id)
    commitment_id: str = field(default_factory=new_opaque_id)
    organisation_id: str = field(default_factory=new_opaque_id)


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

    def agreed(self, settled: Sequence[Home], months: Sequence[Month]) -> Iterator[Stamped]:
        """What comes before any delivery: the day, what is needed, who promised it."""
        if not self.versions:
            yield self._stamp(BusinessDateAdvanced(business_date=TODAY))
        for home in settled:
            for event in _agreed(home, months):
                yield self._stamp(event)

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
                yield self._stamp(_confirmation(*unconfirmed.popleft()))
        for waiting in unconfirmed:
            yield self._stamp(_confirmation(*waiting))

    def _stamp(self, event: Event) -> Stamped:
        return event, self._envelope(event)

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


def _agreed(home: Home, months: Sequence[Month]) -> Iterator[Event]:
    yield NeedRestated(
        home_id=home.home_id,
        required=tuple(
            RequiredTotal(resource=RENT, month=month, quantity=REQUIRED_YEN) for month in months
        ),
        movements=tuple(_moved(month, "need", "open", REQUIRED_YEN) for month in months),
    )
    commitment = {
        "home_id": home.home_id,
        "commitment_id": home.commitment_id,
        "organisation_id": home.organisation_id,
    }
    terms = {"resource": RENT, "agreed_on": date(2011, 10, 1), "notice_months": 3}
    yield RentAgreementSigned.model_validate({**commitment, **terms})
    yield RentPromised.model_validate(
        {
            **commitment,
            "promised": [{"month": month, "quantity": REQUIRED_YEN} for month in months],
            "movements": [_moved(m, "open", "promised", REQUIRED_YEN, home) for m in months],
        }
    )


def _payment(home: Home, month: Month) -> RentPaid:
    delivery_id = new_opaque_id()
    return RentPaid(
        home_id=home.home_id,
        commitment_id=home.commitment_id,
        organisation_id=home.organisation_id,
        delivery_id=delivery_id,
        month=month,
        quantity=PAID_YEN,
        movements=(_moved(month, "promised", "delivered", PAID_YEN, home, delivery_id),),
    )


def _confirmation(home: Home, payment: RentPaid, version: int) -> DeliveryConfirmed:
    way: tuple[Place, Place] = "delivered", "confirmed"
    return DeliveryConfirmed(
        home_id=home.home_id,
        delivery_id=payment.delivery_id,
        delivery_version=version,
        quantity=payment.quantity,
        confirmed=payment.quantity,
        confirmed_by=home.home_id,
        movements=(
            _moved(payment.month, *way, payment.quantity, home, payment.delivery_id, version),
        ),
    )


def _moved(
    month: Month,
    source: Place,
    target: Place,
    quantity: int,
    home: Home | None = None,
    delivery_id: str | None = None,
    delivery_version: int | None = None,
) -> Movement:
    return Movement(
        resource=RENT,
        month=month,
        moved_from=source,
        moved_to=target,
        quantity=quantity,
        organisation_id=None if home is None else home.organisation_id,
        commitment_id=None if home is None else home.commitment_id,
        delivery_id=delivery_id,
        delivery_version=delivery_version,
    )
