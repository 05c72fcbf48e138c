"""Structured logs: one JSON object a line, on standard output."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import msgspec
import structlog

ENCODER: Final = msgspec.json.Encoder(enc_hook=repr)


def configure_logs(service: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _encode,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


def _encode(_logger: object, _method: str, line: MutableMapping[str, Any]) -> bytes:
    """A line for each event sent and applied: a slower encoder is felt in every figure."""
    return ENCODER.encode(line)
