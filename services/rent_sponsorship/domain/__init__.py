"""What rent sponsorship calls its commitments, and who may make them. Pure."""

from typing import Final

from shared.commitments.commands import Command
from shared.commitments.decider import Vocabulary
from shared.commitments.offers import OfferWords
from shared.commitments.state import Commitment
from shared.contracts.commitment import CommitmentFact
from shared.contracts.rent_sponsorship import (
    RentAgreementSigned,
    RentAppealDeclined,
    RentDisputeAnswered,
    RentOffered,
    RentOfferKept,
    RentOfferTakenBack,
    RentPaid,
    RentPaymentCorrected,
    RentPromised,
    RentPromiseLapsed,
    RentSponsorshipWithdrawn,
)
from shared.contracts.resources import CHILDREN_NEEDS
from shared.decider import Aggregate

SECTORS: Final = frozenset({"company"})

# Asked for once no government covers it (ASKS.COVERING).
ALSO_SPONSORED: Final = (CHILDREN_NEEDS,)

RENT_AGREEMENT: Final = Vocabulary(
    agreed=RentAgreementSigned,
    promised=RentPromised,
    delivered=RentPaid,
    corrected=RentPaymentCorrected,
    withdrawn=RentSponsorshipWithdrawn,
    lapsed=RentPromiseLapsed,
    answered=RentDisputeAnswered,
)

AGREEMENTS: Final[Aggregate[Command, Commitment, CommitmentFact]] = Aggregate(
    RENT_AGREEMENT.category, RENT_AGREEMENT.decider()
)

OFFERS: Final = OfferWords(
    offered=RentOffered,
    taken_back=RentOfferTakenBack,
    kept=RentOfferKept,
    declined=RentAppealDeclined,
)
