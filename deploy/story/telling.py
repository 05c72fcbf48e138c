"""Tells how a story ended: the books, the shortfalls, and one chain of causes."""

from collections.abc import AsyncIterator, Mapping, Sequence
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
            self._print_shortfalls([one async for one in self._shortfalls(client)])
            if self._played.script.chain_of:
                request_id = self._played.requests[self._played.script.chain_of]
                self._print_chain(request_id, await self._chain(client, request_id))

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

    def _print_shortfalls(self, events: Sequence[Mapping[str, Any]]) -> None:
        """One line per episode: what comes between depends on arrival, its end does not."""
        table = Table(title="Shortfalls, as they opened and closed")
        for name in ("resource", "month", "episode", "opened with", "most", "now"):
            table.add_column(name, justify="left" if name in {"resource", "month"} else "right")
        ordered = sorted(events, key=lambda event: int(event["version"]))
        episodes: dict[tuple[str, str, int], list[Mapping[str, Any]]] = {}
        for event in ordered:
            body = event["body"]
            key = (body["resource"], body["month"], body["episode"])
            episodes.setdefault(key, []).append(body)
        for (resource, month, episode), bodies in sorted(episodes.items()):
            quantities = [body["quantity"] for body in bodies if "quantity" in body]
            closed = "quantity" not in bodies[-1]
            now = "closed" if closed else f"{quantities[-1]:,} open"
            figures = f"{quantities[0]:,}", f"{max(quantities):,}", now
            table.add_row(resource, month, str(episode), *figures)
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

    def _print_chain(self, request_id: str, events: Sequence[Mapping[str, Any]]) -> None:
        """From the request through the services to what the ledger concluded."""
        tree = Tree(f"HTTP request {request_id}")
        branches = {None: tree}
        waiting = list(events)
        while waiting:
            ready = [event for event in waiting if event["causation"] in branches]
            if not ready:
                break
            for event in ready:
                branch = branches[event["causation"]].add(_line(event))
                branches[event["event_id"]] = branch
            waiting = [event for event in waiting if event not in ready]
        self._console.print(tree)


def _line(event: Mapping[str, Any]) -> str:
    movements = event["body"].get("movements", [])
    moved = f", {len(movements)} movements in the ledger" if movements else ""
    body = event["body"]
    cell = f" {body['resource']} {body['month']}" if "episode" in body and "month" in body else ""
    return (
        f"{event['type']} ({event['stream'].partition('/')[0]} v{event['version']}){cell}{moved}"
    )
