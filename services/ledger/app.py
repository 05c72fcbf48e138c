"""The ledger as a process; a second one shares its partitions and its work."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter

from services.ledger.api.books import create_router
from services.ledger.api.restatements import create_restatements_router
from services.ledger.api.seals import create_seals_router
from services.ledger.api.statements import create_statements_router
from services.ledger.api.valuations import create_valuations_router
from services.ledger.consumers.books import Books
from services.ledger.consumers.correcting import settle
from services.ledger.consumers.sealing import Sealer
from services.ledger.repository.known import Known
from services.ledger.repository.outcomes import Posted
from services.ledger.repository.statements import Contributions, read_statement_rules
from shared.access import register
from shared.business_date import BusinessDate
from shared.consuming.applying import Reactions
from shared.contracts.homes import BusinessDateAdvanced
from shared.contracts.ledger import OWNER
from shared.contracts.registry import HEARD
from shared.handling import Transactions
from shared.recalling import Keeping
from shared.service import Plumbing, ServiceSettings, plumbing, settings_config, start

KEEPING: Final = Keeping(settle=settle)


class Settings(ServiceSettings):
    model_config = settings_config(OWNER)


async def run(settings: Settings) -> None:
    async with plumbing(OWNER, settings, keeping=KEEPING) as built:
        posted = listen(built)
        built.run_beside(Sealer(built.transactions, built.business_date).run())
        await built.serve(*routers(built.transactions, built.business_date, posted))


def routers(transactions: Transactions, date: BusinessDate, posted: Posted) -> Sequence[APIRouter]:
    wall, rules = transactions.wall, read_statement_rules()
    contributions = Contributions(transactions.pool, wall, date)
    known = Known(transactions.pool, wall, date)
    return [
        create_router(wall, posted, known),
        create_restatements_router(wall, known),
        create_seals_router(wall),
        create_statements_router(contributions, rules),
        create_valuations_router(transactions, date, contributions, rules),
    ]


def listen(built: Plumbing) -> Posted:
    """Let the books hear whoever moves something, and the register."""
    books = books_of(built.business_date)
    built.transactions.on_renewed(books.forget)
    posted = Posted(built.transactions.wall)
    built.listen(HEARD[OWNER], books, applied=posted.wake)
    return posted


def books_of(date: BusinessDate) -> Books:
    """What the ledger books with, and a second ledger that is built beside it."""
    return Books(date, Reactions(register.reactions() | {BusinessDateAdvanced: date.reaction()}))


if __name__ == "__main__":
    start(OWNER, run, Settings)
