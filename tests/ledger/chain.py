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
        before = link_hash(before, link)
        if link["number"] != number or link["hash"].hex() != before:
            return number
    return None


def first_broken_seal(
    seals: Iterable[Mapping[str, Any]], links: Iterable[Mapping[str, Any]]
) -> str | None:
    """The month of the first seal, in order, that the links do not lead to."""
    hashes = {link["number"]: link["hash"].hex() for link in links}
    before = ""
    for seal in seals:
        last = hashes.get(seal["links"])
        before = _sha256([before, seal["home_id"], seal["month"], seal["links"], last])
        if last != seal["link_hash"] or before != seal["seal_hash"]:
            return str(seal["month"])
    return None


def link_hash(before: str, link: Mapping[str, Any]) -> str:
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
    return _sha256(told)


def _sha256(told: list[Any]) -> str:
    text = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
