"""The chain of a home checked with docs/chain.md and SHA-256 alone: no code of the product."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any


def first_broken(links: Iterable[Mapping[str, Any]]) -> int | None:
    """The number of the first link, in order, whose hash does not follow from the ones before."""
    before = ""
    for number, link in enumerate(links, start=1):
        before = _hash(before, link)
        if link["number"] != number or link["hash"].hex() != before:
            return number
    return None


def _hash(before: str, link: Mapping[str, Any]) -> str:
    causation = link["causation"]
    told = [
        before,
        link["home_id"],
        link["number"],
        str(link["event_id"]),
        link["type"],
        link["stream"],
        link["version"],
        link["topic"],
        link["partition"],
        link["offset"],
        link["correlation"],
        None if causation is None else str(causation),
        _utc(link["recorded_at"]),
        _utc(link["booked_at"]),
        link["business_date"].strftime("%Y-%m-%d"),
        link["digest"].hex(),
    ]
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
