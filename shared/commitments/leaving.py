"""What becomes of promises whose organisation is party to their home no longer."""

from collections.abc import Mapping
from typing import Any

from shared.access import register
from shared.commitments.desk import Desk
from shared.consuming.applying import Reaction
from shared.contracts.event import Event
from shared.contracts.organisations import PartyLeft
from shared.envelope import Envelope
from shared.work import Work


def reactions(*desks: Desk) -> Mapping[type[Event], Reaction]:
    """Notice is given for whoever leaves, as if it had given it: its terms say when all ends."""

    async def leave(work: Work, event: Any, envelope: Envelope) -> None:  # noqa: ANN401  it left
        await register.project(work.connection, event, envelope)
        for desk in desks:
            await desk.party_left(work, event)

    return {PartyLeft: leave}
