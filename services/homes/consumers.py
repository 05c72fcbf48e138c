"""What homes take in of what others tell: deliveries, unit prices, what stands open, offers."""

from services.homes import repository as sql
from services.homes.domain.asking import ASKS, HearTakenBack
from services.homes.repository import asks as asks_sql
from services.homes.repository.needs import Needs
from shared.consuming.applying import Reaction
from shared.contracts.commitment import (
    Agreed,
    AskDeclined,
    Corrected,
    Delivered,
    DisputeAnswered,
    Offered,
    OfferKept,
    OfferTakenBack,
)
from shared.contracts.event import Event
from shared.contracts.government_sponsorship import UnitPricesAnnounced
from shared.contracts.ledger import ShortfallEvent
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
        ShortfallEvent: _short,
        Offered: _offered,
        OfferTakenBack: _taken_back,
        OfferKept: _kept,
        AskDeclined: _declined,
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


async def _short(work: Work, event: ShortfallEvent, envelope: Envelope) -> None:
    await asks_sql.put_shortfall(work.connection, event, envelope.version)


async def _offered(work: Work, event: Offered, _envelope: Envelope) -> None:
    await asks_sql.put_offer(work.connection, event)


async def _taken_back(work: Work, event: OfferTakenBack, _envelope: Envelope) -> None:
    await work.connection.execute(asks_sql.MARK_OFFER, event.offer_id, "taken_back")
    offer = await asks_sql.read_offer(work.connection, event.offer_id)
    heard = HearTakenBack(home_id=event.home_id, ask_id=event.ask_id, offer=offer)
    await work.decide(ASKS, event.home_id, heard)


async def _kept(work: Work, event: OfferKept, _envelope: Envelope) -> None:
    await work.connection.execute(asks_sql.MARK_OFFER, event.offer_id, "kept")


async def _declined(work: Work, event: AskDeclined, _envelope: Envelope) -> None:
    await work.connection.execute(
        asks_sql.PUT_DECLINE,
        event.ask_id,
        event.organisation_id,
        event.home_id,
        event.reason_code,
    )
