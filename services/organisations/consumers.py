"""What the register of organisations takes in of the homes: whose offers they accept."""

from collections.abc import Mapping
from typing import Final

import structlog

from services.organisations.domain.organisation import ORGANISATION
from services.organisations.domain.parties import PARTIES, Join
from shared.consuming.applying import Reaction
from shared.contracts.event import Event
from shared.contracts.homes import OfferAccepted
from shared.envelope import Envelope
from shared.work import Work

log = structlog.get_logger("parties")


async def _join(work: Work, event: OfferAccepted, _envelope: Envelope) -> None:
    """Whoever has something accepted becomes party to the home, in the sector of the offer."""
    organisation, _ = await work.load(ORGANISATION, event.organisation_id)
    if event.sector not in organisation.sectors:
        # It acts there no more. What it promised stands; to become party, it is let in by hand.
        log.warning("not_joined", home_id=event.home_id, sector=event.sector)
        return
    command = Join(
        home_id=event.home_id,
        organisation_id=event.organisation_id,
        sector=event.sector,
        acts_in=organisation.sectors,
    )
    await work.decide(PARTIES, event.home_id, command)


REACTIONS: Final[Mapping[type[Event], Reaction]] = {OfferAccepted: _join}
