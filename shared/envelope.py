"""What travels beside a fact: CloudEvents 1.0 attributes, as Kafka headers in binary mode."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

Headers = list[tuple[str, bytes]]

REQUIRED = ("ce_id", "ce_type", "ce_source", "ce_subject", "ce_sequence", "ce_time")

HEADER_BYTES_MAX = 500
"""Ours are short; PostgreSQL could not index a longer stream, and would refuse it for ever."""


class Unreadable(Exception):
    """A record's headers or body break the contract; the text says how."""


@dataclass(frozen=True, slots=True)
class Envelope:
    event_id: UUID
    type_name: str
    source: str
    stream: str
    version: int
    """Position in its stream, from 1, without gaps."""
    recorded_at: datetime
    correlation: str
    """The request that everything with this value follows from."""
    causation: UUID | None
    """The event that this one answers; none where a request caused it."""
    traceparent: str | None = None


def to_headers(envelope: Envelope) -> Headers:
    headers = {
        "ce_specversion": "1.0",
        "ce_id": str(envelope.event_id),
        "ce_type": envelope.type_name,
        "ce_source": envelope.source,
        "ce_subject": envelope.stream,
        "ce_sequence": str(envelope.version),
        "ce_time": envelope.recorded_at.isoformat(),
        "ce_correlation": envelope.correlation,
        "content-type": "application/json",
    }
    if envelope.causation is not None:
        headers["ce_causation"] = str(envelope.causation)
    if envelope.traceparent is not None:
        headers["traceparent"] = envelope.traceparent
    return [(name, value.encode()) for name, value in headers.items()]


def from_headers(raw: Iterable[tuple[str, bytes | None]]) -> Envelope:
    """Read a record's headers; `Unreadable` names the first that is missing or malformed."""
    headers = {name: _text(name, value) for name, value in raw}
    for name in REQUIRED:
        if name not in headers:
            raise Unreadable(f"header {name} is missing")
    for name in (*REQUIRED, "ce_correlation", "traceparent"):
        if len(headers.get(name, "").encode()) > HEADER_BYTES_MAX:
            raise Unreadable(f"header {name} is longer than {HEADER_BYTES_MAX} bytes")
    try:
        envelope = Envelope(
            event_id=UUID(headers["ce_id"]),
            type_name=headers["ce_type"],
            source=headers["ce_source"],
            stream=headers["ce_subject"],
            version=int(headers["ce_sequence"]),
            recorded_at=datetime.fromisoformat(headers["ce_time"]),
            correlation=headers.get("ce_correlation", ""),
            causation=UUID(headers["ce_causation"]) if "ce_causation" in headers else None,
            traceparent=headers.get("traceparent"),
        )
    except ValueError as error:
        raise Unreadable(f"a header cannot be read: {error}") from error
    if not 0 < envelope.version < 2**63 or envelope.recorded_at.tzinfo is None:
        raise Unreadable("the sequence is not a version, or the time has no zone")
    return envelope


def check_content_type(raw: Iterable[tuple[str, bytes | None]]) -> None:
    """Raise `Unreadable` where the body says that it is not JSON: its envelope stands."""
    headers = dict(raw)
    content_type = (headers.get("content-type") or b"application/json").decode()
    if not content_type.startswith("application/json"):
        raise Unreadable(f"the content type is {content_type[:80]}, not JSON")


def _text(name: str, value: bytes | None) -> str:
    if value is None:
        raise Unreadable(f"header {name[:40]} is null")
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"header {name[:40]} is not UTF-8") from error
    if "\x00" in text:
        raise Unreadable(f"header {name[:40]} holds a null character")
    return text
