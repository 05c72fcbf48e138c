"""Every event of every service, found by the type that its header names."""

from shared.contracts import (
    government_sponsorship,
    homes,
    ledger,
    nonprofit_staffing,
    organisations,
    rent_sponsorship,
    volunteers,
)
from shared.contracts.event import Event, topic_of

OWNERS = (
    organisations,
    homes,
    government_sponsorship,
    nonprofit_staffing,
    rent_sponsorship,
    volunteers,
    ledger,
)
EVENTS_BY_TOPIC: dict[str, tuple[type[Event], ...]] = {
    owner.TOPIC: owner.EVENTS for owner in OWNERS
}
EVENTS_BY_TYPE: dict[str, type[Event]] = {
    event.type_name(): event for events in EVENTS_BY_TOPIC.values() for event in events
}
TOPICS: tuple[str, ...] = tuple(EVENTS_BY_TOPIC)
PARTNERS = ("government_sponsorship", "nonprofit_staffing", "rent_sponsorship", "volunteers")
PARTNER_TOPICS: tuple[str, ...] = tuple(topic_of(partner) for partner in PARTNERS)
HEARD: dict[str, tuple[str, ...]] = {
    "organisations": (homes.TOPIC,),
    "homes": (organisations.TOPIC, *PARTNER_TOPICS, ledger.TOPIC),
    **dict.fromkeys(PARTNERS, (organisations.TOPIC, homes.TOPIC)),
    "ledger": (organisations.TOPIC, homes.TOPIC, *PARTNER_TOPICS),
    "eventlog": TOPICS,
}
"""What each service listens to, and may read in Kafka beside its own topic."""
