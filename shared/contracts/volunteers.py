"""Events that the volunteers' service owns. One stream per pledge of hours, key: home_id."""

from typing import ClassVar

from shared.contracts.commitment import (
    Agreed,
    AskDeclined,
    CommitmentEvent,
    Corrected,
    Delivered,
    DisputeAnswered,
    Lapsed,
    Offered,
    OfferKept,
    OfferTakenBack,
    Promised,
    Withdrawn,
)
from shared.contracts.event import Event, topic_of

OWNER = "volunteers"
TOPIC = topic_of(OWNER)


class PledgeEvent(CommitmentEvent):
    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "volunteer_pledge"


class VolunteerPledgeAgreed(PledgeEvent, Agreed):
    """A group and a home have agreed on volunteering; no hours are pledged yet."""


class HoursPledged(PledgeEvent, Promised):
    """A group will give this much time in these months, in minutes."""


class VolunteersAttended(PledgeEvent, Delivered):
    """Volunteers came and gave their time, in minutes of all of them together."""


class AttendanceCorrected(PledgeEvent, Corrected):
    """An attendance was recorded wrongly; these are its right totals, in minutes."""


class VolunteerPledgeWithdrawn(PledgeEvent, Withdrawn):
    """A group gave notice and pledges no hours from this month on."""


class PledgedHoursLapsed(PledgeEvent, Lapsed):
    """A month's pledged time was never given, and by the pledge is no longer expected."""


class AttendanceDisputeAnswered(PledgeEvent, DisputeAnswered):
    """The group stands by an attendance that the home disputes."""


class ShiftsOffered(Offered):
    """A group would give this much time in these months, in minutes."""

    owner: ClassVar[str] = OWNER


class ShiftsOfferTakenBack(OfferTakenBack):
    """A group has taken its offer back."""

    owner: ClassVar[str] = OWNER


class ShiftsOfferKept(OfferKept):
    """A group has pledged what the home accepted of its offer."""

    owner: ClassVar[str] = OWNER


class OpenShiftDeclined(AskDeclined):
    """A group will not take a home's open shift."""

    owner: ClassVar[str] = OWNER


EVENTS: tuple[type[Event], ...] = (
    VolunteerPledgeAgreed,
    HoursPledged,
    VolunteersAttended,
    AttendanceCorrected,
    VolunteerPledgeWithdrawn,
    PledgedHoursLapsed,
    AttendanceDisputeAnswered,
    ShiftsOffered,
    ShiftsOfferTakenBack,
    ShiftsOfferKept,
    OpenShiftDeclined,
)
