"""The ledger as a process; a second one shares its partitions and its work."""

from typing import Final

from services.ledger.api.books import create_router
from services.ledger.consumers.books import Books
from services.ledger.repository.known import Known
from services.ledger.repository.outcomes import Posted
from shared.access import register
from shared.consuming.applying import Reactions
from shared.contracts import homes, organisations
from shared.contracts.homes import BusinessDateAdvanced
from shared.contracts.ledger import OWNER
from shared.contracts.registry import PARTNER_TOPICS
from shared.recalling import Keeping
from shared.service import Plumbing, ServiceSettings, plumbing, settings_config, start

KEEPING: Final = Keeping()


class Settings(ServiceSettings):
    model_config = settings_config(OWNER)

    topics: tuple[str, ...] = (homes.TOPIC, *PARTNER_TOPICS)
    """Whose movements are booked. A new service takes part by being named here."""


async def run(settings: Settings) -> None:
    async with plumbing(OWNER, settings, keeping=KEEPING) as built:
        posted, pool = listen(built, settings), built.transactions.pool
        known = Known(pool, built.business_date)
        await built.serve(create_router(pool, posted, known))


def listen(built: Plumbing, settings: Settings) -> Posted:
    """Let the books hear whoever moves something, and the register."""
    date = built.business_date
    books = Books(date, Reactions(register.reactions() | {BusinessDateAdvanced: date.reaction()}))
    posted = Posted(built.transactions.pool)
    built.listen((organisations.TOPIC, *settings.topics), books, applied=posted.wake)
    return posted


if __name__ == "__main__":
    start(OWNER, run, Settings)
