"""What the books must be: the fold of the owners' own movements, and nothing else."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from uuid import UUID

from deploy.checking.findings import Findings
from deploy.checking.reading import Fact, Movement
from deploy.checking.said import Said

LEDGER: Final = "ledger"
PLACES: Final = ("open", "promised", "delivered", "confirmed")

Cell: TypeAlias = tuple[str, str, str]
"""Home, resource, month."""


@dataclass(slots=True)
class DeliveryFold:
    delivered: int = 0
    confirmed: int = 0
    owner_version: int = 0
    seen_version: int = 0

    def excess(self) -> int:
        """By how much confirmations exceed it, once the version that the home saw has come."""
        return max(-self.delivered, 0) if self.owner_version >= self.seen_version else 0


@dataclass(slots=True)
class Books:
    cells: dict[Cell, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    deliveries: dict[tuple[str, str], DeliveryFold] = field(
        default_factory=lambda: defaultdict(DeliveryFold)
    )

    def fold(self, fact: Fact) -> None:
        for moved in fact.movements:
            cell = self.cells[fact.key, moved.resource, moved.month]
            cell[moved.moved_from] -= moved.quantity
            cell[moved.moved_to] += moved.quantity
            if moved.delivery_id is not None:
                self._fold_delivery(fact, moved, self.deliveries[fact.key, moved.delivery_id])

    def _fold_delivery(self, fact: Fact, moved: Movement, delivery: DeliveryFold) -> None:
        for place, sign in ((moved.moved_to, 1), (moved.moved_from, -1)):
            if place == "delivered":
                delivery.delivered += sign * moved.quantity
            elif place == "confirmed":
                delivery.confirmed += sign * moved.quantity
        if moved.delivery_version is None:
            delivery.owner_version = max(delivery.owner_version, fact.version)
        else:
            delivery.seen_version = max(delivery.seen_version, moved.delivery_version)

    async def compare_cells(self, rows: AsyncIterator[Mapping[str, Any]], found: Findings) -> None:
        missing = set(self.cells)
        async for row in rows:
            name = row["home_id"], row["resource"], row["month"]
            missing.discard(name)
            fold = self.cells.get(name, Counter())
            expected = {place: fold[place] for place in PLACES}
            held = {place: row[place] for place in PLACES}
            where = "cell " + "/".join(name)
            if expected != held:
                found.add("unbalanced", LEDGER, where, _figures(expected), _figures(held))
            if row["required"] != sum(held.values()) or row["required"] != -fold["need"]:
                found.add(
                    "unbalanced", LEDGER, f"{where}, required", -fold["need"], row["required"]
                )
        for name in sorted(missing):
            figures = _figures({place: self.cells[name][place] for place in PLACES})
            found.add("unbalanced", LEDGER, "cell " + "/".join(name), figures, "no cell")

    async def compare_deliveries(
        self, rows: AsyncIterator[Mapping[str, Any]], found: Findings
    ) -> None:
        missing = set(self.deliveries)
        async for row in rows:
            name = row["home_id"], row["delivery_id"]
            missing.discard(name)
            fold = self.deliveries.get(name, DeliveryFold())
            expected = {
                "delivered": fold.delivered,
                "confirmed": fold.confirmed,
                "owner_version": fold.owner_version,
                "seen_version": fold.seen_version,
                "excess": fold.excess(),
            }
            held = {column: row[column] for column in expected}
            if expected != held:
                where = "delivery " + "/".join(name)
                found.add("unbalanced", LEDGER, where, _figures(expected), _figures(held))
        for name in sorted(missing):
            found.add("unbalanced", LEDGER, "delivery " + "/".join(name), "a row", "none")


def _figures(figures: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {figure:,}" for name, figure in figures.items())


@dataclass(slots=True)
class Linked:
    """What the ledger has booked of one topic, held against what the topic says."""

    said: Said
    findings: Findings
    booked: set[UUID] = field(default_factory=set)

    async def compare(self, rows: AsyncIterator[Mapping[str, Any]]) -> None:
        """Each link and its entries stand for one event and its movements."""
        link: list[Mapping[str, Any]] = []
        async for row in rows:
            if link and (row["home_id"], row["number"]) != (link[0]["home_id"], link[0]["number"]):
                self._link(link)
                link = []
            link.append(row)
        if link:
            self._link(link)

    def _link(self, rows: Sequence[Mapping[str, Any]]) -> None:
        head = rows[0]
        where = f"link {head['home_id']}/{head['number']}"
        fact = self.said.facts.get(head["event_id"])
        if fact is None:
            event = f"{head['event_id']}, version {head['version']} of {head['stream']}"
            self.findings.add("phantom", LEDGER, where, "an event of its owner", event)
            return
        if fact.event_id in self.booked:
            self.findings.add("doubled", LEDGER, where, f"{fact} booked once", "booked again")
            return
        self.booked.add(fact.event_id)
        named = head["home_id"], head["stream"], head["version"]
        if named != (fact.key, fact.stream, fact.version):
            self.findings.add("altered", LEDGER, where, fact, named)
        entries = {row["position"]: _entry(row) for row in rows if row["position"] is not None}
        for position, moved in enumerate(fact.movements, start=1):
            entry = entries.pop(position, None)
            at = f"entry {head['home_id']}/{head['number']}/{position}, of {fact}"
            if entry is None:
                self.findings.add("lost", LEDGER, at, tuple(moved), "no entry")
            elif entry != moved:
                self.findings.add("altered", LEDGER, at, tuple(moved), tuple(entry))
        for position, entry in entries.items():
            at = f"entry {head['home_id']}/{head['number']}/{position}"
            self.findings.add("phantom", LEDGER, at, f"no such movement of {fact}", tuple(entry))

    def unbooked(self, facts: Iterable[Fact], outcomes: Mapping[UUID, str]) -> None:
        """What moves something and was applied is booked, and nothing else is."""
        for fact in facts:
            outcome = outcomes.get(fact.event_id)
            if outcome in {None, "discarded"}:
                continue
            if (outcome == "booked") != bool(fact.movements):
                moves = "booked" if fact.movements else "without movement"
                self.findings.add("altered", LEDGER, f"outcome of {fact}", moves, outcome)
            if outcome == "booked" and fact.event_id not in self.booked:
                self.findings.add("lost", LEDGER, str(fact), "a link in its home's chain", "none")


def _entry(row: Mapping[str, Any]) -> Movement:
    return Movement(*(row[name] for name in Movement._fields))
