"""A client that gives up nothing: it asks again under the same key until it is told."""

import asyncio
import json
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

from shared.ids import new_opaque_id

TIMEOUT_S: Final = 3.0
AGAIN_S: Final = (0.05, 0.4)
PASSING: Final = range(500, 600)
NEWS_S: Final = 60.0


class Journal:
    """What was read of a 2xx, and nothing else; flushed before the client goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.recalled: dict[str, set[str]] = defaultdict(set)
        """Accepted before the database was put back, and held by Kafka: events by service."""
        self._lines = path.open("a+")

    def write(self, service: str, idempotency_key: str, event_ids: list[str]) -> None:
        line = {"service": service, "idempotency_key": idempotency_key, "event_ids": event_ids}
        self._lines.write(f"{json.dumps(line)}\n")
        self._lines.flush()

    def place(self) -> int:
        return self._lines.tell()

    def put_back(self, place: int, held: Collection[str]) -> int:
        """Forget what was answered since, as the database has; return how many answers are void.

        Of what Kafka held the events are there again. The answers to their keys are not.
        """
        self._lines.seek(place)
        void = 0
        for line in self._lines.readlines():
            told = json.loads(line)
            kept = {event_id for event_id in told["event_ids"] if event_id in held}
            self.recalled[told["service"]] |= kept
            void += len(kept) < len(told["event_ids"])
        self._lines.truncate(place)
        return void

    def close(self) -> None:
        self._lines.close()


@dataclass
class Caller:
    addresses: Mapping[str, str]
    journal: Journal
    choices: random.Random
    said: Counter[str] = field(default_factory=Counter)
    """How often the services answered, refused or said nothing, and what."""

    async def ask(
        self, client: httpx2.AsyncClient, key: str, path: str, body: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Ask until it is answered; None where it is refused."""
        response = await self._asked(client, key, path, body, new_opaque_id())
        return dict(response.json()) if response.is_success else None

    async def read(
        self, client: httpx2.AsyncClient, key: str, path: str
    ) -> Sequence[dict[str, Any]]:
        """The first page of a list; nothing where nobody answers just now."""
        service, _, rest = path.partition("/")
        headers = {"Authorization": f"Bearer {key}"}
        with suppress(httpx2.HTTPError):
            url = f"{self.addresses[service]}/{rest}"
            response = await client.get(url, headers=headers, timeout=TIMEOUT_S)
            if response.is_success:
                return list(response.json()["items"])
        return []

    async def told(
        self, client: httpx2.AsyncClient, key: str, path: str, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Ask until it is accepted: what it rests on may still be on its way."""
        asking = new_opaque_id()
        async with asyncio.timeout(NEWS_S):
            while True:
                response = await self._asked(client, key, path, body, asking)
                if response.is_success:
                    return dict(response.json())
                await asyncio.sleep(AGAIN_S[1])

    async def _asked(
        self,
        client: httpx2.AsyncClient,
        key: str,
        path: str,
        body: Mapping[str, Any],
        asking: str,
    ) -> httpx2.Response:
        service, _, rest = path.partition("/")
        # The key is the correlation too: the checker finds by it what one request brought about.
        headers = {
            "Authorization": f"Bearer {key}",
            "Idempotency-Key": asking,
            "X-Request-Id": asking,
        }
        while True:
            try:
                response = await client.post(
                    f"{self.addresses[service]}/{rest}",
                    json=body,
                    headers=headers,
                    timeout=TIMEOUT_S,
                )
            except httpx2.HTTPError as error:
                self.said[type(error).__name__] += 1
            else:
                self.said[_word(response)] += 1
                if response.is_success:
                    self.journal.write(service, asking, response.json().get("event_ids", []))
                    # Some do not trust an answer: told again, it is the same.
                    if self.choices.random() < 0.95:
                        return response
                elif response.status_code not in PASSING:
                    return response
            await asyncio.sleep(self.choices.uniform(*AGAIN_S))


def _word(response: httpx2.Response) -> str:
    """Say an answer's status, and the rule that a refusal names."""
    if response.is_success:
        return str(response.status_code)
    try:
        rule = str(response.json()["type"]).rpartition(":")[2]
    except (ValueError, KeyError):
        rule = "no problem"
    return f"{response.status_code} {rule}"
