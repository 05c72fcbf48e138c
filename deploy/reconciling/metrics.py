"""A reconciliation as Prometheus reads it: a file for a textfile collector."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from deploy.checking.findings import STUCK, WRONG
from deploy.reconciling.result import Cleared, Reconciliation

ENDS: Final = ("promised", "delivered", "withdrawn", "lapsed", "lowered", "outstanding")


def write(found: Reconciliation, path: Path) -> None:
    """Write the file whole or not at all: the collector may look at any time."""
    write_to_textfile(str(path), registry(found))


def registry(found: Reconciliation) -> CollectorRegistry:
    into = CollectorRegistry()
    differences = _gauge(into, "differences", "What does not agree, by kind.", "kind")
    for kind in (*WRONG, "gap", *STUCK):
        differences.labels(kind).set(found.findings.count(kind))
    _gauge(into, "at_seconds", "When it was as told here (Unix time).").set(found.at.timestamp())
    _gauge(into, "took_seconds", "How long the reconciliation took.").set(found.took_s)
    _completeness(into, found)
    _timeliness(into, found)
    _clearing(into, found.cleared)
    return into


def _completeness(into: CollectorRegistry, found: Reconciliation) -> None:
    where = ("topic", "place")
    events = _gauge(into, "events", "Events of a topic, by who has them.", *where)
    streams = _gauge(into, "streams", "Streams of a topic, by who has them.", *where)
    gaps = _gauge(into, "gaps", "Streams that lack a version, by who has them.", *where)
    outcomes = _gauge(into, "outcomes", "What the ledger made of events.", "topic", "outcome")
    for name, topic in found.topics.items():
        for place, tally in topic.tallies.items():
            label = place.replace(" ", "_")
            events.labels(name, label).set(tally.events)
            streams.labels(name, label).set(tally.streams)
            gaps.labels(name, label).set(tally.gaps)
        for outcome, count in topic.outcomes.items():
            outcomes.labels(name, outcome).set(count)


def _timeliness(into: CollectorRegistry, found: Reconciliation) -> None:
    where = ("service", "kind")
    waiting = _gauge(into, "waiting_events", "Events that are not where they belong.", *where)
    oldest = _gauge(into, "waiting_oldest_seconds", "The age of the oldest of them.", *where)
    for one in found.waiting:
        waiting.labels(one.service, one.kind).set(one.events)
        if one.events == 0 or one.oldest_s is not None:
            oldest.labels(one.service, one.kind).set(one.oldest_s or 0)
    text = "From recorded to booked, of what was booked within the last day."
    booked = _gauge(into, "booked_after_seconds", text, "quantile")
    if found.booked and found.booked.p50_s is not None and found.booked.p99_s is not None:
        booked.labels("0.5").set(found.booked.p50_s)
        booked.labels("0.99").set(found.booked.p99_s)


def _clearing(into: CollectorRegistry, cleared: Iterable[Cleared]) -> None:
    text = "Promised units, and where they have ended, in each resource's own unit."
    units = _gauge(into, "promise_units", text, "resource", "end")
    text = "Promises outstanding for a month that has ended."
    overdue = _gauge(into, "overdue_promises", text, "resource")
    overdue_units = _gauge(into, "overdue_units", "Their outstanding units.", "resource")
    days = _gauge(into, "overdue_days_max", "For how long the oldest is overdue.", "resource")
    for one in cleared:
        for end in ENDS:
            units.labels(one.resource, end).set(getattr(one, end))
        overdue.labels(one.resource).set(one.overdue_promises)
        overdue_units.labels(one.resource).set(one.overdue)
        days.labels(one.resource).set(one.overdue_days_max)


def _gauge(into: CollectorRegistry, name: str, text: str, *labels: str) -> Gauge:
    return Gauge(f"yui_reconcile_{name}", text, labels, registry=into)
