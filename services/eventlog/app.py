"""The event log as a process."""

from typing import Final

from services.eventlog.api import create_router
from services.eventlog.api.tail import Tails
from services.eventlog.consumers import Log
from shared.access import register
from shared.consuming.applying import Reactions
from shared.contracts.homes import BusinessDateAdvanced
from shared.contracts.registry import HEARD
from shared.recalling import Keeping
from shared.service import ServiceSettings, plumbing, settings_config, start

OWNER = "eventlog"


KEEPING: Final = Keeping()


class Settings(ServiceSettings):
    model_config = settings_config(OWNER)

    tails_max: int = 32
    """How many readers may follow at once: each has up to 100 events in memory."""
    tail_s_max: float = 900
    """A tail ends after this long; its reader comes again, and shows its key again."""
    heartbeat_s: float = 10


async def run(settings: Settings) -> None:
    async with plumbing(OWNER, settings, keeping=KEEPING) as built:
        date = built.business_date
        log = Log(Reactions(register.reactions() | {BusinessDateAdvanced: date.reaction()}))
        tails = Tails(
            built.transactions.pool,
            built.transactions.wall,
            tails_max=settings.tails_max,
            tail_s_max=settings.tail_s_max,
            heartbeat_s=settings.heartbeat_s,
        )
        built.listen(HEARD[OWNER], log, applied=tails.wake)
        router = create_router(built.transactions.pool, built.transactions.wall, tails)
        await built.serve(router)


if __name__ == "__main__":
    start(OWNER, run, Settings)
