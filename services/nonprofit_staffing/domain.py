"""What nonprofit staffing calls its commitments, and who may make them. Pure."""

from typing import Final

from shared.commitments.decider import Vocabulary
from shared.commitments.offers import OfferWords
from shared.contracts.nonprofit_staffing import (
    CaregivingPlanned,
    HoursDisputeAnswered,
    HoursWorked,
    HoursWorkedCorrected,
    PlannedCaregivingLapsed,
    PlannedSessionsLapsed,
    ProgrammeAgreed,
    ProgrammeWithdrawn,
    SessionsCorrected,
    SessionsDisputeAnswered,
    SessionsHeld,
    SessionsPlanned,
    StaffingOffered,
    StaffingOfferKept,
    StaffingOfferTakenBack,
    StaffingPlanAgreed,
    StaffingPlanWithdrawn,
    VacantPostDeclined,
)
from shared.contracts.resources import VOLUNTEERING

# A home may also be run by a foster parent, who then is its caregiver.
CAREGIVERS: Final = frozenset({"nonprofit", "foster_parent"})
PROGRAMME_SECTORS: Final = frozenset({"nonprofit"})

# Asked for once no volunteers give it (ASKS.COVERING); never the other way: they are no staff.
ALSO_STAFFED: Final = (VOLUNTEERING,)

STAFFING_PLAN: Final = Vocabulary(
    agreed=StaffingPlanAgreed,
    promised=CaregivingPlanned,
    delivered=HoursWorked,
    corrected=HoursWorkedCorrected,
    withdrawn=StaffingPlanWithdrawn,
    lapsed=PlannedCaregivingLapsed,
    answered=HoursDisputeAnswered,
)

PROGRAMME: Final = Vocabulary(
    agreed=ProgrammeAgreed,
    promised=SessionsPlanned,
    delivered=SessionsHeld,
    corrected=SessionsCorrected,
    withdrawn=ProgrammeWithdrawn,
    lapsed=PlannedSessionsLapsed,
    answered=SessionsDisputeAnswered,
)

OFFERS: Final = OfferWords(
    offered=StaffingOffered,
    taken_back=StaffingOfferTakenBack,
    kept=StaffingOfferKept,
    declined=VacantPostDeclined,
)
