"""What an opening lacks; what of that nobody is about to promise; what everybody has declined."""

from collections.abc import Mapping
from datetime import date

from services.homes.domain.asks import Asks
from services.homes.domain.needs import Cell
from services.homes.domain.rules import COVERING, Rules
from shared.contracts.homes import OpeningBegun
from shared.contracts.organisations import Sector


def missing(
    begun: OpeningBegun, required: Mapping[Cell, int], provided: Mapping[Cell, int]
) -> Mapping[Cell, int]:
    """What is required in the first months now, and has not been told to be promised.

    Told by the partners themselves: the ledger says nothing of what opened and was covered in one
    batch, and silence is no cover.
    """
    lacking = {
        cell: quantity - provided.get(cell, 0)
        for cell, quantity in required.items()
        if begun.first_month <= cell[1] <= begun.through_month
    }
    return {cell: quantity for cell, quantity in lacking.items() if quantity > 0}


def unanswered(missing: Mapping[Cell, int], asks: Asks, today: date) -> Mapping[Cell, int]:
    """Of what is missing, what is neither in the books already nor accepted and on its way."""
    found = {}
    for (resource, month), quantity in missing.items():
        ask = asks.open_for(resource)
        if ask is not None:
            found[resource, month] = min(quantity, ask.acceptable(month, today))
        elif resource not in asks.gaps:
            # The ledger has not told of it yet: nothing of it can have been offered.
            found[resource, month] = quantity
    return {cell: quantity for cell, quantity in found.items() if quantity > 0}


def refused(
    asks: Asks,
    organisations: Mapping[Sector, frozenset[str]],
    declined: Mapping[str, frozenset[str]],
    rules: Rules,
    today: date,
) -> frozenset[str]:
    """The resources of which all who may cover them, in whatever order, have declined the ask."""
    covering = rules.on(COVERING, today)
    found = set()
    for resource, ask_id in asks.open.items():
        who_declined = declined.get(ask_id, frozenset())
        sectors = {sector for circle in covering.get(resource, ()) for sector in circle}
        everyone = {who for sector in sectors for who in organisations.get(sector, ())}
        if who_declined and everyone <= who_declined:
            found.add(resource)
    return frozenset(found)
