"""A record as it came, and what could be read of it."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from shared.envelope import Envelope


class Record(Protocol):
    """What Kafka hands over; anything at all may be in it."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record that was held or parked, read back."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Received(msgspec.Struct, eq=False):
    """A record whose envelope could be read."""

    record: Record
    envelope: Envelope
    stream: tuple[str, str]
    """Topic and stream."""
    content: Any = None
    """What an applier has read of the body when it checked it, for when it applies it."""

    @property
    def body(self) -> bytes:
        return self.record.value or b""


def place(record: Record) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


def storable(text: str) -> str:
    """Text as PostgreSQL can hold it: without null characters and halves of a character."""
    return text.encode(errors="replace").decode().replace("\x00", "\N{SYMBOL FOR NULL}")


def headers_to_json(headers: Sequence[tuple[str, bytes | None]]) -> str:
    """Header values are bytes of any kind, or null: base64 keeps each as it came."""
    return json.dumps(
        [
            [storable(name), None if value is None else base64.b64encode(value).decode()]
            for name, value in headers
        ]
    )


def headers_from_json(text: str) -> list[tuple[str, bytes | None]]:
    return [
        (name, None if value is None else base64.b64decode(value))
        for name, value in json.loads(text)
    ]
