"""What rent sponsorship calls its commitments, and who may make them. Pure."""

from typing import Final

from shared.commitments.decider import Vocabulary
from shared.contracts.rent_sponsorship import (
    RentAgreementSigned,
    RentDisputeAnswered,
    RentPaid,
    RentPaymentCorrected,
    RentPromised,
    RentPromiseLapsed,
    RentSponsorshipWithdrawn,
)

SECTORS: Final = frozenset({"company"})

RENT_AGREEMENT: Final = Vocabulary(
    agreed=RentAgreementSigned,
    promised=RentPromised,
    delivered=RentPaid,
    corrected=RentPaymentCorrected,
    withdrawn=RentSponsorshipWithdrawn,
    lapsed=RentPromiseLapsed,
    answered=RentDisputeAnswered,
)
