"""What nonprofit staffing calls what happens to its two kinds of commitment."""

from services.nonprofit_staffing.domain import (
    CAREGIVERS,
    PROGRAMME,
    PROGRAMME_SECTORS,
    STAFFING_PLAN,
)
from shared.contracts import resources
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
    StaffingPlanAgreed,
    StaffingPlanWithdrawn,
)
from tests.support.commitments import life


def test_a_staffing_plan_is_told_in_the_words_of_caregivers() -> None:
    events = life(STAFFING_PLAN, resources.CAREGIVING)
    assert [type(event) for event in events] == [
        StaffingPlanAgreed,
        CaregivingPlanned,
        HoursWorked,
        HoursWorkedCorrected,
        HoursDisputeAnswered,
        PlannedCaregivingLapsed,
        StaffingPlanWithdrawn,
    ]
    assert {event.stream for event in events} == {"staffing_plan/c"}
    assert {event.key for event in events} == {"h"}


def test_a_programme_is_told_in_sessions() -> None:
    events = life(PROGRAMME, resources.PROGRAMME)
    assert [type(event) for event in events] == [
        ProgrammeAgreed,
        SessionsPlanned,
        SessionsHeld,
        SessionsCorrected,
        SessionsDisputeAnswered,
        PlannedSessionsLapsed,
        ProgrammeWithdrawn,
    ]
    assert {event.stream for event in events} == {"programme/c"}
    assert {event.key for event in events} == {"h"}


def test_a_foster_parent_cares_but_runs_no_programme() -> None:
    assert sorted(CAREGIVERS) == ["foster_parent", "nonprofit"]
    assert sorted(PROGRAMME_SECTORS) == ["nonprofit"]
