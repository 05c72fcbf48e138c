"""The chain of a home's links, and the seals over it: one hash each (docs/chain.md). Pure."""

from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import msgspec


class Link(NamedTuple):
    """One event that was booked for a home, the next of its chain; as it is written."""

    home_id: str
    number: int
    event_id: UUID
    type: str
    stream: str
    version: int
    topic: str
    partition: int
    offset: int
    correlation: str
    causation: UUID | None
    recorded_at: datetime
    booked_at: datetime
    business_date: date
    digest: bytes
    """SHA-256 of the record's exact bytes."""


def link_hash(previous: bytes | None, link: Link) -> bytes:
    """Tie a link to the one before it; none is before the first."""
    *source, recorded_at, booked_at, business_date, digest = link
    times = _text(recorded_at), _again(booked_at), business_date
    return _sha256(_hex(previous), *source, *times, digest.hex())


def seal_hash(previous: bytes | None, home_id: str, month: str, links: int, last: bytes) -> bytes:
    """Tie a month's seal to the one before it, and to the chain up to its last link."""
    return _sha256(_hex(previous), home_id, month, links, last.hex())


def _sha256(*parts: Any) -> bytes:  # noqa: ANN401  whatever JSON can say
    return sha256(msgspec.json.encode(parts)).digest()


def _hex(previous: bytes | None) -> str:
    return "" if previous is None else previous.hex()


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


_again = lru_cache(maxsize=8)(_text)
"""A batch is booked at one moment, which is written again and again."""
