"""Events as the checker reads them: from an event table's row or from a record's headers."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID


class Movement(NamedTuple):
    resource: str
    month: str
    moved_from: str
    moved_to: str
    quantity: int
    organisation_id: str | None
    commitment_id: str | None
    delivery_id: str | None
    delivery_version: int | None


@dataclass(frozen=True, slots=True)
class Fact:
    """One event, without the bytes of its body."""

    event_id: UUID
    stream: str
    version: int
    type_name: str
    key: str
    digest: bytes
    movements: tuple[Movement, ...]

    def __str__(self) -> str:
        return f"{self.type_name} {self.event_id}, version {self.version} of {self.stream}"


def fact_of_row(row: Mapping[str, Any]) -> Fact:
    return _fact(
        row["event_id"], row["stream"], row["version"], row["type"], row["key"], row["body"]
    )


def fact_of_record(
    key: bytes | None, headers: Iterable[tuple[str, bytes | None]], value: bytes | None
) -> Fact | None:
    """None where it is no event at all: what Kafka may hold is anybody's."""
    try:
        told = {name: (text or b"").decode() for name, text in headers}
        return _fact(
            UUID(told["ce_id"]),
            told["ce_subject"],
            int(told["ce_sequence"]),
            told["ce_type"],
            (key or b"").decode(),
            value or b"",
        )
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def _fact(
    event_id: UUID, stream: str, version: int, type_name: str, key: str, body: bytes
) -> Fact:
    digest = hashlib.sha256(body).digest()
    movements = tuple(_movement(one) for one in json.loads(body).get("movements", ()))
    return Fact(event_id, stream, version, type_name, key, digest, movements)


def _movement(told: Mapping[str, Any]) -> Movement:
    return Movement(
        told["resource"],
        told["month"],
        told["moved_from"],
        told["moved_to"],
        told["quantity"],
        told.get("organisation_id"),
        told.get("commitment_id"),
        told.get("delivery_id"),
        told.get("delivery_version"),
    )
