"""Plays a script through the public APIs, as its partners would."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import httpx2

from deploy.problem import Problem
from deploy.story.script import Part, Script, Step
from shared.ids import new_opaque_id

PATIENCE_S: Final = 20.0
LOOK_AGAIN_S: Final = 0.05
REFUSED: Final = range(400, 500)
AWAY: Final = frozenset({502, 503, 504})
OPERATOR: Final = "operator"

BACKWARDS: Final = "urn:yui:problem:date-goes-back"

Keys = dict[str, dict[str, str]]


class DateHasPassed(Exception):
    """The business date is further on already."""


@dataclass(slots=True)
class Played:
    """What is known when a story has been told."""

    script: Script
    words: dict[str, Any]
    keys: Mapping[str, str]
    requests: dict[str, str] = field(default_factory=dict)
    """Words for requests, and their ids."""
    last_event_ids: dict[str, str] = field(default_factory=dict)
    """The last event of each service that was asked."""
    accepted: int = 0


class Player:
    """Services learn of each other from events alone: what is refused today is asked again.

    So a step is repeated, under the same idempotency key, until the news it rests on has arrived;
    what is still refused when patience ends is refused for good.
    """

    def __init__(
        self,
        addresses: Mapping[str, str],
        operator_key: str,
        script: Script,
        kept_keys: Keys,
        say: Callable[[str], None],
    ) -> None:
        self._addresses = addresses
        self._script = script
        self._kept_keys = kept_keys
        self._say = say
        self._keys = {OPERATOR: operator_key}
        self._played = Played(script, words={}, keys=self._keys)

    async def play(self, advance: Callable[[int, int], None]) -> Played:
        async with httpx2.AsyncClient(timeout=30) as client:
            for name, part in self._script.partners.items():
                await self._introduce(client, name, part)
            steps = self._script.steps
            for number, step in enumerate(steps, start=1):
                if step.say:
                    self._say(f"  {step.on or '          '}  {step.say}")
                if step.on:
                    await self._date(client, step.on)
                await self._step(client, number, step)
                advance(number, len(steps))
        return self._played

    async def _introduce(self, client: httpx2.AsyncClient, name: str, part: Part) -> None:
        """Register a partner and make its key; a key is shown once, so it is kept here."""
        body = {"name": part.name, "sectors": list(part.sectors)}
        registered = await self._ask(
            client, OPERATOR, "organisations/v1/organisations", body, f"register-{name}"
        )
        organisation_id = registered["organisation_id"]
        self._played.words[name] = organisation_id
        kept = self._kept_keys.setdefault(self._script.name, {})
        if organisation_id not in kept:
            path = f"organisations/v1/organisations/{organisation_id}/keys"
            # A key whose answer was lost cannot be shown again: ask for one more.
            issued = await self._ask(client, OPERATOR, path, {}, f"key-{new_opaque_id()}")
            kept[organisation_id] = issued["key"]
        self._keys[name] = kept[organisation_id]

    async def _date(self, client: httpx2.AsyncClient, day: date) -> None:
        """Play the date forward; where another story has played it further, it stays there."""
        with suppress(DateHasPassed):
            body = {"business_date": day.isoformat()}
            await self._ask(client, OPERATOR, "homes/v1/business-date", body, f"day-{day}")

    async def _step(self, client: httpx2.AsyncClient, number: int, step: Step) -> None:
        if step.get:
            self._keep(step, await self._look(client, step))
            return
        for place, body in enumerate(step.bodies, start=1):
            what = f"{number}-{place}"
            answer = await self._ask(
                client, step.as_, self._filled(step.post), self._filled(body), what
            )
            self._keep(step, answer)
            if step.keep_request:
                self._played.requests[step.keep_request] = self._request_id(what)

    def _keep(self, step: Step, answer: Mapping[str, Any]) -> None:
        for word, name in step.keep.items():
            self._played.words[word] = answer[name]

    async def _look(self, client: httpx2.AsyncClient, step: Step) -> Mapping[str, Any]:
        """Wait for a line of a list, or for one thing: what follows from steps comes by events."""
        service, _, path = self._filled(step.get).partition("/")
        headers = {"Authorization": f"Bearer {self._keys[step.as_]}"}
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with suppress(httpx2.TransportError):
                url = f"{self._addresses[service]}/{path}"
                response = await client.get(url, headers=headers)
                told = response.json() if response.is_success else {"items": []}
                lines = told.get("items", [told])
                for line in lines:
                    if self._filled(step.where).items() <= line.items():
                        return dict(line)
            if time.monotonic() > deadline:
                raise Problem(f"the story waits for {step.get}", "Look at `yui status`")
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _ask(
        self, client: httpx2.AsyncClient, who: str, post: str, body: Mapping[str, Any], what: str
    ) -> dict[str, Any]:
        service, _, path = post.partition("/")
        headers = {
            "Authorization": f"Bearer {self._keys[who]}",
            "Idempotency-Key": self._request_id(what),
            "X-Request-Id": self._request_id(what),
        }
        deadline = time.monotonic() + PATIENCE_S
        while True:
            response = await self._post(
                client, f"{self._addresses[service]}/{path}", body, headers
            )
            if response is not None and response.is_success:
                self._played.accepted += 1
                answer: dict[str, Any] = response.json()
                for event_id in answer.get("event_ids", []):
                    self._played.last_event_ids[service] = event_id
                return answer
            if response is not None and BACKWARDS in response.text:
                raise DateHasPassed
            if time.monotonic() > deadline:
                said = "no answer" if response is None else response.text
                raise Problem(f"the story stopped at {post}: {said}", "Look at `yui status`")
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _post(
        self,
        client: httpx2.AsyncClient,
        url: str,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> httpx2.Response | None:
        try:
            response = await client.post(url, json=body, headers=headers)
        except httpx2.TransportError:
            return None
        if response.is_success or response.status_code in REFUSED or response.status_code in AWAY:
            return response
        raise Problem(f"{url} answered {response.status_code}", "Look at the service's log")

    def _request_id(self, what: str) -> str:
        return f"{self._script.name}-{what}"

    def _filled(self, value: Any) -> Any:  # noqa: ANN401  JSON
        """Put what was kept in place of its word; a word alone keeps its type."""
        match value:
            case str():
                alone = re.fullmatch(r"\{(\w+)\}", value)
                return (
                    self._played.words[alone[1]] if alone else value.format(**self._played.words)
                )
            case Mapping():
                return {name: self._filled(one) for name, one in value.items()}
            case list() | tuple():
                return [self._filled(one) for one in value]
            case _:
                return value
