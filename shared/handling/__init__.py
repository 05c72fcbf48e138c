"""Runs one command: load, decide, save; again on a lost race."""

from collections.abc import Awaitable, Callable, Sequence

from shared.handling.group import LOST_RACES
from shared.handling.groups import ATTEMPTS_MAX
from shared.handling.requests import (
    Act,
    Answer,
    KeyReused,
    Reads,
    Request,
    fingerprint,
)
from shared.handling.transactions import Transactions
from shared.work import Cause, Work

__all__ = [
    "Act",
    "Answer",
    "KeyReused",
    "Request",
    "Transactions",
    "fingerprint",
    "handle",
    "run",
]


async def handle(
    transactions: Transactions, request: Request, act: Act, *, reads: Sequence[Reads] = ()
) -> Answer:
    """Do what is asked once, whoever asks how often, and answer the same each time.

    Whoever asks at the same time is decided in the same transaction, one after the other, and
    answered after its commit. An act that names the streams it `reads` gets them all at once, and
    promises to be lighter on its neighbours: it writes nothing but what it decides, and asks no
    table that this service's own events fill.

    Raises what the act refuses, `KeyReused`, and `Conflict` where every attempt lost its race.
    """
    return await transactions.groups.ask(request, act, reads)


async def run(
    transactions: Transactions, cause: Cause, act: Callable[[Work], Awaitable[None]]
) -> None:
    """Do what no one asked for over HTTP (a timer's work), again on a lost race."""
    contested = None
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            async with transactions.begin(cause, contested) as work:
                await act(work)
            break
        except LOST_RACES as race:
            if attempt == ATTEMPTS_MAX:
                raise
            contested = str(race)
