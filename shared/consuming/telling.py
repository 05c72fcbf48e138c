"""What a batch has done, in the log and the metrics, once it is committed."""

from collections import Counter
from typing import Final

import structlog

from shared.clock import age_ms
from shared.consuming.applying import Outcome
from shared.consuming.batch import Effect
from shared.consuming.inbox import Parked
from shared.consuming.record import Received, place
from shared.metrics import EVENTS_APPLIED, RECORDS_PARKED

SINGLY_MAX: Final = 20
"""More than these are told together: a line for each would cost more than applying them did, and
the event log keeps each with its causes."""

log = structlog.get_logger("consumer")


def tell(effect: Effect) -> None:
    if len(effect.applied) <= SINGLY_MAX:
        for received, outcome in effect.applied:
            _tell_one(received, outcome)
    else:
        _tell_together([received for received, _ in effect.applied])
    for outcome, count in Counter(outcome for _, outcome in effect.applied).items():
        EVENTS_APPLIED.labels(outcome).inc(count)
    for parked in effect.parked:
        _tell_parked(parked)


def _tell_one(received: Received, outcome: Outcome) -> None:
    envelope, record = received.envelope, received.record
    log.info(
        "event_applied",
        outcome=outcome,
        event_id=str(envelope.event_id),
        type=envelope.type_name,
        stream=envelope.stream,
        version=envelope.version,
        correlation=envelope.correlation,
        causation=envelope.causation and str(envelope.causation),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        age_ms=age_ms(envelope.recorded_at),
    )


def _tell_together(applied: list[Received]) -> None:
    """Say how many, and the last of each partition."""
    last = {(r.record.topic, r.record.partition): r.record for r in applied}
    oldest = min(received.envelope.recorded_at for received in applied)
    log.info(
        "events_applied",
        events=len(applied),
        through=[place(record) for record in last.values()],
        age_ms=age_ms(oldest),
    )


def _tell_parked(parked: Parked) -> None:
    # Its detail may quote the body: that is for the operator who asks, not for logs.
    event_id = parked.event_id and str(parked.event_id)
    log.error("record_parked", place=place(parked.record), reason=parked.reason, event_id=event_id)
    RECORDS_PARKED.inc()
