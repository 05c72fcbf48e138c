"""Tells how a story ended: the books, the shortfalls, and one chain of causes."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, repeat
from typing import Any, Final

import httpx2
from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from deploy.story.playing import Played
from shared.contracts.resources import CATALOGUE

PLACES: Final = ("required", "open", "promised", "delivered", "confirmed")
SHORTFALLS: Final = ("ShortfallOpened", "ShortfallChanged", "ShortfallClosed")
PAGE: Final = 500


class Teller:
    """Reads what any party to the home may read, and prints it."""

    def __init__(
        self, addresses: Mapping[str, str], operator_key: str, played: Played, console: Console
    ) -> None:
        self._addresses = addresses
        self._headers = {"Authorization": f"Bearer {operator_key}"}
        self._played = played
        self._home_id = played.words[played.script.home]
        self._console = console

    async def tell(self) -> None:
        async with httpx2.AsyncClient(timeout=30, headers=self._headers) as client:
            await self._wait_for_books(client)
            self._print_books(await self._books(client))
            types = {e["event_id"]: e["type"] async for e in self._events(client)}
            self._print_shortfalls([one async for one in self._shortfalls(client)], types)
            if self._played.script.chain_of:
                request_id = self._played.requests[self._played.script.chain_of]
                chain_of_causes = await self._chain(client, request_id)
                places = {
                    event["event_id"]: await self._place(client, event["event_id"])
                    for event in chain_of_causes
                    if event["body"].get("movements")
                }
                self._print_chain(request_id, chain_of_causes, places)

    async def _wait_for_books(self, client: httpx2.AsyncClient) -> None:
        """The last of the story's events must have reached ledger and event log."""
        for event_id in self._played.last_event_ids.values():
            url = f"{self._addresses['ledger']}/v1/events/{event_id}"
            await client.get(url, params={"wait": 10})

    async def _books(self, client: httpx2.AsyncClient) -> Sequence[Mapping[str, Any]]:
        first, last = self._played.script.months
        url = f"{self._addresses['ledger']}/v1/homes/{self._home_id}/ledger"
        answer = await client.get(url, params={"from_month": first, "through": last})
        answer.raise_for_status()
        items: list[Mapping[str, Any]] = answer.json()["items"]
        return items

    def _print_books(self, cells: Sequence[Mapping[str, Any]]) -> None:
        table = Table(
            title=self._played.script.title,
            caption="required = open + promised + delivered + confirmed",
        )
        table.add_column("resource")
        table.add_column("month")
        for place in PLACES:
            table.add_column(place, justify="right")
        by_resource = sorted(cells, key=lambda cell: list(CATALOGUE).index(cell["resource"]))
        for name, group in groupby(by_resource, key=lambda cell: cell["resource"]):
            resource = CATALOGUE[name]
            labels = chain([name, resource.japanese, f"in {resource.unit}"], repeat(""))
            for label, cell in zip(labels, group, strict=False):
                table.add_row(label, cell["month"], *(f"{cell[p]:,}" for p in PLACES))
            table.add_section()
        self._console.print(table)

    async def _shortfalls(self, client: httpx2.AsyncClient) -> AsyncIterator[Mapping[str, Any]]:
        for name in SHORTFALLS:
            async for event in self._events(client, type=f"ledger.{name}.v1"):
                yield event

    async def _events(
        self, client: httpx2.AsyncClient, **filters: str
    ) -> AsyncIterator[Mapping[str, Any]]:
        params = {"home_id": self._home_id, "limit": str(PAGE), **filters}
        while True:
            answer = await client.get(f"{self._addresses['eventlog']}/v1/events", params=params)
            answer.raise_for_status()
            found = answer.json()
            for event in found["items"]:
                yield event
            if found["next_cursor"] is None:
                return
            params["cursor"] = found["next_cursor"]

    def _print_shortfalls(
        self, events: Sequence[Mapping[str, Any]], types: Mapping[str, str]
    ) -> None:
        table = Table(title="Shortfalls, in the order in which they opened")
        for name in ("resource", "months", "opened with", "most", "now", "opened by"):
            table.add_column(name, justify="right" if name in {"opened with", "most"} else "left")
        for months, one in _runs(_episodes(events, types)):
            figures = f"{one.opened_with:,}", f"{one.most:,}", one.now
            table.add_row(one.resource, months, *figures, one.opened_by)
        self._console.print(table)

    async def _chain(
        self, client: httpx2.AsyncClient, request_id: str
    ) -> Sequence[Mapping[str, Any]]:
        url = f"{self._addresses['eventlog']}/v1/events"
        params = {"correlation": request_id, "limit": str(PAGE)}
        answer = await client.get(url, params=params)
        answer.raise_for_status()
        items: list[Mapping[str, Any]] = answer.json()["items"]
        return items

    async def _place(self, client: httpx2.AsyncClient, event_id: str) -> str:
        """Where in the home's chain the ledger has booked an event."""
        answer = await client.get(f"{self._addresses['ledger']}/v1/events/{event_id}")
        return f"booked as no. {answer.json()['number']} of the home"

    def _print_chain(
        self, request_id: str, events: Sequence[Mapping[str, Any]], places: Mapping[str, str]
    ) -> None:
        """From the request through the services to what the ledger booked and concluded."""
        tree = Tree(f"HTTP request {request_id}")
        branches: dict[str | None, Tree] = {None: tree}
        waiting = sorted(events, key=lambda event: (event["stream"], int(event["version"])))
        while ready := [event for event in waiting if event["causation"] in branches]:
            for event in ready:
                branch = branches[event["causation"]].add(_line(event, places))
                branches[event["event_id"]] = branch
            waiting = [event for event in waiting if event not in ready]
        self._console.print(tree)


@dataclass(frozen=True, slots=True)
class Episode:
    """One shortfall of one cell. What is told in between depends on arrival, its end does not."""

    resource: str
    month: str
    opened_with: int
    most: int
    now: str
    opened_by: str

    @property
    def likeness(self) -> tuple[object, ...]:
        return self.resource, self.opened_with, self.most, self.now, self.opened_by


def _episodes(events: Sequence[Mapping[str, Any]], types: Mapping[str, str]) -> Iterator[Episode]:
    told: dict[tuple[str, str, int], list[Mapping[str, Any]]] = {}
    for event in sorted(events, key=lambda event: int(event["version"])):
        body = event["body"]
        told.setdefault((body["resource"], body["month"], body["episode"]), []).append(event)
    for (resource, month, _), of_one in told.items():
        quantities = [e["body"]["quantity"] for e in of_one if "quantity" in e["body"]]
        closed = "quantity" not in of_one[-1]["body"]
        yield Episode(
            resource=resource,
            month=month,
            opened_with=quantities[0],
            most=max(quantities),
            now="closed" if closed else f"{quantities[-1]:,} open",
            opened_by=types.get(of_one[0]["causation"], "?").split(".")[1],
        )


def _runs(episodes: Iterator[Episode]) -> Iterator[tuple[str, Episode]]:
    """Months that went alike, one after the other, are one line."""
    for _, alike in groupby(episodes, key=lambda episode: episode.likeness):
        run = sorted(alike, key=lambda episode: episode.month)
        first, last = run[0].month, run[-1].month
        yield (first if first == last else f"{first} – {last}"), run[0]


def _line(event: Mapping[str, Any], places: Mapping[str, str]) -> str:
    body = event["body"]
    about = f" {body['resource']} {body['month']}" if "episode" in body and "month" in body else ""
    place = places.get(event["event_id"])
    moved = f": {len(body['movements'])} movements, {place}" if place else ""
    return f"{event['type']}{about}{moved}"
