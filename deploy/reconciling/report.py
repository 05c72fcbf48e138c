"""What `yui reconcile` ends with: who has how much, where promises ended, what differs."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.reconciling.result import Reconciliation

PLACES = ("event table", "kafka", "eventlog")


def show(found: Reconciliation, console: Console) -> None:
    console.print(_topics(found))
    if found.cleared:
        console.print(_clearing(found))
    for line in _said(found):
        console.print(escape(line), soft_wrap=True, highlight=False)


def _topics(found: Reconciliation) -> Table:
    table = _table("topic", *PLACES, "outcomes", "links", "streams", "gaps")
    for name, topic in found.topics.items():
        tallies = [topic.tallies.get(place) for place in PLACES]
        known = [tally for tally in tallies if tally]
        table.add_row(
            name,
            *(f"{tally.events:,}" if tally else "-" for tally in tallies),
            f"{sum(topic.outcomes.values()):,}",
            f"{topic.links:,}",
            f"{max(tally.streams for tally in known):,}",
            f"{max(tally.gaps for tally in known):,}",
        )
    return table


def _clearing(found: Reconciliation) -> Table:
    ends = ("promised", "delivered", "withdrawn", "lapsed", "lowered", "outstanding", "overdue")
    table = _table("promises of", *ends, "for days")
    for one in found.cleared:
        figures = [f"{getattr(one, end):,}" for end in ends]
        table.add_row(one.resource, *figures, f"{one.overdue_days_max:,}")
    return table


def _table(first: str, *titles: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first)
    for title in titles:
        table.add_column(title, justify="right")
    return table


def _said(found: Reconciliation) -> list[str]:
    lines = []
    if found.booked and found.booked.p50_s is not None:
        p50, p99 = found.booked.p50_s, found.booked.p99_s
        lines.append(f"recorded to booked within the last day: p50 {p50:.3f} s, p99 {p99:.3f} s")
    for one in found.waiting:
        if one.events:
            age = f", the oldest for {one.oldest_s:.0f} s" if one.oldest_s is not None else ""
            lines.append(f"{one.service}: {one.events} {one.kind}{age}")
    for kind, first in found.findings.first.items():
        count = found.findings.count(kind)
        lines.append(f"{count} {kind}, the first: {first.owner}: {first.where}")
        lines.append(f"    expected {first.expected}")
        lines.append(f"    found    {first.found}")
    total = found.differences
    lines.append(f"{total:,} differences" if total != 1 else "1 difference")
    return lines
