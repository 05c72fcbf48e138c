"""What Prometheus can ask of every service; edges are counted, never single records in a loop."""

from prometheus_client import Counter, Gauge, Histogram

EVENTS_PUBLISHED = Counter("yui_events_published_total", "Events that Kafka has acknowledged")
EVENTS_APPLIED = Counter("yui_events_applied_total", "Events heard, by outcome", ["outcome"])
BATCH_SECONDS = Histogram("yui_batch_seconds", "From records fetched to their effects committed")
RECORDS_PARKED = Counter("yui_records_parked_total", "Records that could not be applied")
OLDEST_UNSENT = Gauge("yui_oldest_unsent_seconds", "Age of the oldest event not acknowledged")
OLDEST_UNAPPLIED = Gauge("yui_oldest_unapplied_seconds", "Age of the oldest event not applied")
LACKING = Gauge("yui_lacking_events", "Events of its topic that the service's own table lacks")
LOST = Gauge("yui_lost_records", "Records that the service's topic held and holds no longer")
HELD = Gauge("yui_held_events", "Events that wait for a predecessor")
PARKED = Gauge("yui_parked_records", "Records parked now")
REQUESTS = Histogram("yui_request_seconds", "HTTP requests", ["method", "route", "status"])
