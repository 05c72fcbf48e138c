"""The table that the checker ends with, and the first difference of each kind by name."""

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.checking.findings import STUCK, WRONG, Findings


def show(findings: Findings, console: Console, *, journal: bool) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("service")
    for title in ("events", "records", "accepted", *WRONG, "stuck"):
        table.add_column(title, justify="right")
    owners = {*findings.events, *findings.records, *(owner for owner, _ in findings.counts)}
    for owner in sorted(owners):
        table.add_row(owner, *_figures(findings, {owner}, journal=journal))
    table.add_row("all", *_figures(findings, owners, journal=journal), style="bold")
    console.print(table)
    for kind, first in findings.first.items():
        number = findings.count(kind)
        console.print(
            escape(f"{number} {kind}, the first: {first.owner}: {first.where}\n")
            + escape(f"    expected {first.expected}\n    found    {first.found}"),
            soft_wrap=True,
            highlight=False,
        )
    total = findings.differences
    console.print(f"{total:,} differences" if total != 1 else "1 difference", highlight=False)
    records = findings.records.total()
    rate = f"{records / findings.seconds:,.0f}/s" if findings.seconds else "at once"
    console.print(f"{records:,} records in {findings.seconds:.1f} s, {rate}", highlight=False)


def _figures(findings: Findings, owners: Iterable[str], *, journal: bool) -> list[str]:
    owners = set(owners)

    def counted(*kinds: str) -> int:
        return sum(
            n
            for (owner, kind), n in findings.counts.items()
            if owner in owners & {owner} and kind in kinds
        )

    accepted = f"{sum(findings.accepted[o] for o in owners):,}" if journal else "-"
    return [
        f"{sum(findings.events[o] for o in owners):,}",
        f"{sum(findings.records[o] for o in owners):,}",
        accepted,
        *(f"{counted(kind):,}" for kind in WRONG),
        f"{counted(*STUCK):,}",
    ]
