"""Events that nonprofit staffing owns. One stream per staffing plan or programme, key: home_id."""

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

OWNER = "nonprofit_staffing"
TOPIC = topic_of(OWNER)


class StaffingPlanEvent(CommitmentEvent):
    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "staffing_plan"


class StaffingPlanAgreed(StaffingPlanEvent, Agreed):
    """A nonprofit will staff a home; no time is planned yet."""


class CaregivingPlanned(StaffingPlanEvent, Promised):
    """The plan holds this much caregiving for these months, in minutes."""


class HoursWorked(StaffingPlanEvent, Delivered):
    """Caregivers worked, in minutes of all of them together."""


class HoursWorkedCorrected(StaffingPlanEvent, Corrected):
    """Hours were recorded wrongly; these are the right totals, in minutes."""


class StaffingPlanWithdrawn(StaffingPlanEvent, Withdrawn):
    """The nonprofit gave notice and plans no caregiving from this month on."""


class PlannedCaregivingLapsed(StaffingPlanEvent, Lapsed):
    """A month's planned time was never worked, and by the plan is no longer expected."""


class HoursDisputeAnswered(StaffingPlanEvent, DisputeAnswered):
    """The nonprofit stands by hours that the home disputes."""


class ProgrammeEvent(CommitmentEvent):
    owner: ClassVar[str] = OWNER
    category: ClassVar[str] = "programme"


class ProgrammeAgreed(ProgrammeEvent, Agreed):
    """A nonprofit will run a programme in a home; no session is planned yet."""


class SessionsPlanned(ProgrammeEvent, Promised):
    """The programme holds this many sessions in these months."""


class SessionsHeld(ProgrammeEvent, Delivered):
    """Sessions of the programme took place."""


class SessionsCorrected(ProgrammeEvent, Corrected):
    """Sessions were recorded wrongly; these are the right totals."""


class ProgrammeWithdrawn(ProgrammeEvent, Withdrawn):
    """The nonprofit gave notice and plans no session from this month on."""


class PlannedSessionsLapsed(ProgrammeEvent, Lapsed):
    """A month's planned sessions never took place, and are no longer expected."""


class SessionsDisputeAnswered(ProgrammeEvent, DisputeAnswered):
    """The nonprofit stands by sessions that the home disputes."""


class StaffingOffered(Offered):
    """A nonprofit or foster parent would fill these months: minutes, or sessions."""

    owner: ClassVar[str] = OWNER


class StaffingOfferTakenBack(OfferTakenBack):
    """A nonprofit or foster parent has taken its offer back."""

    owner: ClassVar[str] = OWNER


class StaffingOfferKept(OfferKept):
    """What the home accepted of an offer is planned."""

    owner: ClassVar[str] = OWNER


class VacantPostDeclined(AskDeclined):
    """A nonprofit or foster parent will not fill a home's vacant post."""

    owner: ClassVar[str] = OWNER


EVENTS: tuple[type[Event], ...] = (
    StaffingPlanAgreed,
    CaregivingPlanned,
    HoursWorked,
    HoursWorkedCorrected,
    StaffingPlanWithdrawn,
    PlannedCaregivingLapsed,
    HoursDisputeAnswered,
    ProgrammeAgreed,
    SessionsPlanned,
    SessionsHeld,
    SessionsCorrected,
    ProgrammeWithdrawn,
    PlannedSessionsLapsed,
    SessionsDisputeAnswered,
    StaffingOffered,
    StaffingOfferTakenBack,
    StaffingOfferKept,
    VacantPostDeclined,
)
