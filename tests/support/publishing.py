"""Events of services that a test does without, published by the test itself."""

from collections import defaultdict
from typing import Self
from uuid import UUID

from shared.clock import now
from shared.contracts.event import Event, topic_of
from shared.envelope import Envelope, to_headers
from shared.ids import new_id
from shared.kafka import build_producer


class Publisher:
    """Keeps the versions of its streams, and can break every rule when asked to."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = build_producer(bootstrap)
        self._versions: dict[str, int] = defaultdict(int)

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def publish(self, *events: Event) -> list[UUID]:
        return [await self._publish(event) for event in events]

    async def _publish(self, event: Event) -> UUID:
        self._versions[event.stream] += 1
        envelope = self.envelope(event, self._versions[event.stream])
        await self.send(event, envelope)
        return envelope.event_id

    def envelope(self, event: Event, version: int) -> Envelope:
        return Envelope(
            event_id=new_id(),
            type_name=event.type_name(),
            source=f"yui/{event.owner}",
            stream=event.stream,
            version=version,
            recorded_at=now(),
            correlation="published-by-a-test",
            causation=None,
        )

    async def send(self, event: Event, envelope: Envelope) -> None:
        body = event.model_dump_json(exclude_none=True).encode()
        await self.send_raw(event.owner, event.key.encode(), body, to_headers(envelope))

    async def send_raw(
        self,
        owner: str,
        key: bytes | None,
        body: bytes | None,
        headers: list[tuple[str, bytes]] | list[tuple[str, bytes | None]],
    ) -> None:
        await self._producer.send_and_wait(topic_of(owner), body, key=key, headers=headers)
