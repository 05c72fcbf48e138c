"""One log line for each event applied and each record parked, once that is committed."""

import structlog

from shared.clock import age_ms
from shared.consuming.batch import Effect
from shared.consuming.record import place
from shared.metrics import EVENTS_APPLIED, RECORDS_PARKED

log = structlog.get_logger("consumer")


def tell(effect: Effect) -> None:
    for received, outcome in effect.applied:
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
        EVENTS_APPLIED.labels(outcome).inc()
    for parked in effect.parked:
        # Its detail may quote the body: that is for the operator who asks, not for logs.
        event_id = parked.event_id and str(parked.event_id)
        where = place(parked.record)
        log.error("record_parked", place=where, reason=parked.reason, event_id=event_id)
        RECORDS_PARKED.inc()
