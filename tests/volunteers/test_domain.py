"""What the volunteers' service calls what happens to its commitments."""

from services.volunteers.domain import PLEDGE, SECTORS
from shared.contracts.resources import VOLUNTEERING
from shared.contracts.volunteers import (
    AttendanceCorrected,
    AttendanceDisputeAnswered,
    HoursPledged,
    PledgedHoursLapsed,
    VolunteerPledgeAgreed,
    VolunteerPledgeWithdrawn,
    VolunteersAttended,
)
from tests.support.commitments import life


def test_a_pledge_is_told_in_the_words_of_volunteers() -> None:
    events = life(PLEDGE, VOLUNTEERING)
    assert [type(event) for event in events] == [
        VolunteerPledgeAgreed,
        HoursPledged,
        VolunteersAttended,
        AttendanceCorrected,
        AttendanceDisputeAnswered,
        PledgedHoursLapsed,
        VolunteerPledgeWithdrawn,
    ]
    assert {event.stream for event in events} == {"volunteer_pledge/c"}
    assert {event.key for event in events} == {"h"}
    assert {move.resource for event in events for move in event.movements} == {VOLUNTEERING}


def test_whoever_brings_volunteers_acts_in_that_sector() -> None:
    assert sorted(SECTORS) == ["volunteers"]
