"""What rent sponsorship calls what happens to its commitments."""

from services.rent_sponsorship.domain import RENT_AGREEMENT, SECTORS
from shared.contracts.rent_sponsorship import (
    RentAgreementSigned,
    RentDisputeAnswered,
    RentPaid,
    RentPaymentCorrected,
    RentPromised,
    RentPromiseLapsed,
    RentSponsorshipWithdrawn,
)
from shared.contracts.resources import RENT
from tests.support.commitments import life


def test_a_rent_agreement_is_told_in_the_words_of_sponsors() -> None:
    events = life(RENT_AGREEMENT, RENT)
    assert [type(event) for event in events] == [
        RentAgreementSigned,
        RentPromised,
        RentPaid,
        RentPaymentCorrected,
        RentDisputeAnswered,
        RentPromiseLapsed,
        RentSponsorshipWithdrawn,
    ]
    assert {event.stream for event in events} == {"rent_agreement/c"}
    assert {event.key for event in events} == {"h"}
    assert {movement.resource for event in events for movement in event.movements} == {RENT}


def test_companies_pay_rent() -> None:
    assert sorted(SECTORS) == ["company"]
