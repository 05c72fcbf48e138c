"""What homes take in of what the partners tell: deliveries, answers to disputes, unit prices."""

from services.homes import repository as sql
from services.homes.repository import Needs
from shared.consuming.applying import Reaction
from shared.contracts.commitment import Agreed, Corrected, Delivered, DisputeAnswered
from shared.contracts.event import Event
from shared.contracts.government_sponsorship import UnitPricesAnnounced
from shared.envelope import Envelope
from shared.work import Work


def reactions(needs: Needs) -> dict[type[Event], Reaction]:
    async def priced(work: Work, event: UnitPricesAnnounced, _envelope: Envelope) -> None:
        await needs.announce(work, event)

    return {
        Agreed: _agreed,
        Delivered: _delivered,
        Corrected: _corrected,
        DisputeAnswered: _answered,
        UnitPricesAnnounced: priced,
    }


async def _agreed(work: Work, event: Agreed, _envelope: Envelope) -> None:
    await work.connection.execute(
        sql.PUT_COMMITMENT,
        event.commitment_id,
        event.home_id,
        event.organisation_id,
        event.resource,
    )


async def _delivered(work: Work, event: Delivered, envelope: Envelope) -> None:
    await work.connection.execute(
        sql.PUT_ARRIVAL,
        event.commitment_id,
        event.delivery_id,
        event.month,
        event.quantity,
        envelope.version,
    )


async def _corrected(work: Work, event: Corrected, envelope: Envelope) -> None:
    await work.connection.execute(
        sql.CORRECT_ARRIVAL,
        event.commitment_id,
        event.delivery_id,
        event.quantity,
        envelope.version,
    )


async def _answered(work: Work, event: DisputeAnswered, _envelope: Envelope) -> None:
    await work.connection.execute(sql.ANSWER_DISPUTE, event.dispute_id, event.reason_code)
