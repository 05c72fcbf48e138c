"""Which cells stand funded twice, by the owners' own movements."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from deploy.checking.books import LEDGER, Books, Cell
from deploy.checking.findings import Findings
from deploy.checking.reading import Fact

PUBLIC: Final = "government_sponsorship"
ARRIVED: Final = frozenset({"delivered", "confirmed"})

Funder: TypeAlias = tuple[str, str | None]
"""Service and organisation."""


@dataclass(slots=True)
class DoubleFunding:
    funders: dict[Cell, Counter[Funder]] = field(default_factory=lambda: defaultdict(Counter))

    def fold(self, owner: str, fact: Fact) -> None:
        for moved in fact.movements:
            change = (moved.moved_to in ARRIVED) - (moved.moved_from in ARRIVED)
            if change:
                funders = self.funders[fact.key, moved.resource, moved.month]
                funders[owner, moved.organisation_id] += change * moved.quantity

    def standing(self, books: Books) -> Mapping[Cell, tuple[int, list[str]]]:
        """Each cell that is funded twice: by how much, and by whom."""
        found = {}
        for name, funders in self.funders.items():
            stands = [funder for funder, quantity in funders.items() if quantity > 0]
            excess = sum(funders.values()) + books.cells[name]["need"]
            if excess > 0 and len({service == PUBLIC for service, _ in stands}) > 1:
                named = {organisation for _, organisation in stands if organisation}
                found[name] = excess, sorted(named)
        return found

    async def compare(
        self, books: Books, rows: AsyncIterator[Mapping[str, Any]], found: Findings
    ) -> None:
        expected = dict(self.standing(books))
        async for row in rows:
            name = row["home_id"], row["resource"], row["month"]
            fold = expected.pop(name, (0, []))
            if fold != (row["excess"], row["organisations"]):
                where = "double funding " + "/".join(name)
                held = _words(row["excess"], row["organisations"])
                found.add("unbalanced", LEDGER, where, _words(*fold), held)
        for name, fold in expected.items():
            where = "double funding " + "/".join(name)
            found.add("unbalanced", LEDGER, where, _words(*fold), "none")


def _words(excess: int, organisations: list[str]) -> str:
    return f"{excess:,} beyond, of {', '.join(organisations) or 'nobody'}"
