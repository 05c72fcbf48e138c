"""What the volunteers' service calls its commitments, and who may make them. Pure."""

from typing import Final

from shared.commitments.decider import Vocabulary
from shared.commitments.offers import OfferWords
from shared.contracts.volunteers import (
    AttendanceCorrected,
    AttendanceDisputeAnswered,
    HoursPledged,
    OpenShiftDeclined,
    PledgedHoursLapsed,
    ShiftsOffered,
    ShiftsOfferKept,
    ShiftsOfferTakenBack,
    VolunteerPledgeAgreed,
    VolunteerPledgeWithdrawn,
    VolunteersAttended,
)

# A company that brings volunteers acts in this sector too.
SECTORS: Final = frozenset({"volunteers"})

PLEDGE: Final = Vocabulary(
    agreed=VolunteerPledgeAgreed,
    promised=HoursPledged,
    delivered=VolunteersAttended,
    corrected=AttendanceCorrected,
    withdrawn=VolunteerPledgeWithdrawn,
    lapsed=PledgedHoursLapsed,
    answered=AttendanceDisputeAnswered,
)

OFFERS: Final = OfferWords(
    offered=ShiftsOffered,
    taken_back=ShiftsOfferTakenBack,
    kept=ShiftsOfferKept,
    declined=OpenShiftDeclined,
)
