"""What travels beside a fact: CloudEvents 1.0 attributes, as Kafka headers in binary mode."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

Headers = list[tuple[str, bytes]]

HEADER_BYTES_MAX: Final = 500
"""Ours are short; PostgreSQL could not index a longer stream, and would refuse it for ever."""
REQUIRED: Final = ("ce_id", "ce_type", "ce_source", "ce_subject", "ce_sequence", "ce_time")
BOUNDED: Final = frozenset({*REQUIRED, "ce_correlation", "traceparent"})
JSON: Final = "application/json"


class Unreadable(Exception):
    """A record's headers or body break the contract; the text says how."""


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """Each field stands under the name of its header; a batch is read at a microsecond each."""

    event_id: UUID = msgspec.field(name="ce_id")
    type_name: str = msgspec.field(name="ce_type")
    source: str = msgspec.field(name="ce_source")
    stream: str = msgspec.field(name="ce_subject")
    version: int = msgspec.field(name="ce_sequence")
    """Position in its stream, from 1, without gaps."""
    recorded_at: datetime = msgspec.field(name="ce_time")
    correlation: str = msgspec.field(name="ce_correlation", default="")
    """The request that everything with this value follows from."""
    causation: UUID | None = msgspec.field(name="ce_causation", default=None)
    """The event that this one answers; none where a request caused it."""
    traceparent: str | None = None
    content_type: str = msgspec.field(name="content-type", default=JSON)


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
        "content-type": envelope.content_type,
    }
    if envelope.causation is not None:
        headers["ce_causation"] = str(envelope.causation)
    if envelope.traceparent is not None:
        headers["traceparent"] = envelope.traceparent
    return [(name, value.encode()) for name, value in headers.items()]


def from_headers(raw: Sequence[tuple[str, bytes | None]]) -> Envelope:
    """Read a record's headers; `Unreadable` names the first that is missing or malformed."""
    try:
        headers: dict[str, str | int] = {name: value.decode() for name, value in raw}  # type: ignore[union-attr]  # null raises
        text = "".join(headers.values())  # type: ignore[arg-type]  # not yet a number
        if len(text) > HEADER_BYTES_MAX or "\x00" in text or not text.isascii():
            _look_at_each(raw)
        headers["ce_sequence"] = int(headers["ce_sequence"])
        envelope = msgspec.convert(headers, Envelope)
    except (AttributeError, UnicodeDecodeError):
        _look_at_each(raw)
        raise
    except KeyError as error:
        raise Unreadable("header ce_sequence is missing") from error
    except (ValueError, msgspec.ValidationError) as error:
        raise Unreadable(f"a header is missing or cannot be read: {error}") from error
    if not 0 < envelope.version < 2**63 or envelope.recorded_at.tzinfo is None:
        raise Unreadable("the sequence is not a version, or the time has no zone")
    return envelope


def _look_at_each(raw: Sequence[tuple[str, bytes | None]]) -> None:
    """Raise `Unreadable` for the first header that cannot stand."""
    for name, value in raw:
        if value is None:
            raise Unreadable(f"header {name[:40]} is null")
        if len(value) > HEADER_BYTES_MAX and name in BOUNDED:
            raise Unreadable(f"header {name} is longer than {HEADER_BYTES_MAX} bytes")
        if b"\x00" in value:
            raise Unreadable(f"header {name[:40]} holds a null character")
        try:
            value.decode()
        except UnicodeDecodeError as error:
            raise Unreadable(f"header {name[:40]} is not UTF-8") from error


def check_content_type(envelope: Envelope) -> None:
    """Raise `Unreadable` where the body says that it is not JSON: its envelope stands."""
    if not envelope.content_type.startswith(JSON):
        raise Unreadable(f"the content type is {envelope.content_type[:80]}, not JSON")
