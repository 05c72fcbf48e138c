"""The client's own journal: what it has been told is done, line by line as it was told."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.checking import tables
from deploy.checking.findings import Findings
from deploy.checking.said import Said

if TYPE_CHECKING:
    from deploy.checking.tables import Connection


@dataclass(slots=True)
class Journal:
    """By service and idempotency key: the events that each answer named."""

    answers: dict[str, dict[str, list[tuple[str, ...]]]] = field(default_factory=dict)

    def of(self, service: str) -> Mapping[str, list[tuple[str, ...]]]:
        return self.answers.get(service, {})


def read_journal(path: Path | None) -> Journal:
    """Read lines of `{"service", "idempotency_key", "event_ids"}`; a torn last line is none."""
    answers: dict[str, dict[str, list[tuple[str, ...]]]] = defaultdict(lambda: defaultdict(list))
    if path is not None:
        with path.open() as lines:
            for line in lines:
                if not line.endswith("\n"):
                    break
                told = json.loads(line)
                answers[told["service"]][told["idempotency_key"]].append(tuple(told["event_ids"]))
    return Journal(answers)


async def compare_journal(
    connection: "Connection",
    said: Said,
    journal: Journal,
    applied: Mapping[str, set[str]],
    findings: Findings,
) -> None:
    """Whatever was accepted is in its event table, in Kafka, on the books and in the event log.

    A key that was answered twice was answered alike. Where a request bore its key as its
    correlation too, it has brought about what its answer names and nothing else.
    """
    answers = journal.of(said.owner)
    in_table = {str(event_id) for event_id in said.facts}
    in_kafka = {str(event_id) for event_id in said.places}
    for key, told in answers.items():
        if len(set(told)) > 1:
            findings.add("doubled", said.owner, f"answer to key {key}", told[0], told[1])
        findings.accepted[said.owner] += len(told[0])
        for event_id in told[0]:
            where = f"accepted event {event_id} (key {key})"
            places = {"its event table": in_table, "Kafka": in_kafka, **applied}
            lacking = [name for name, ids in places.items() if event_id not in ids]
            if lacking:
                findings.add("lost", said.owner, where, "everywhere", f"not in {lacking}")
    await _compare_answers(connection, said, answers, findings)


async def _compare_answers(
    connection: "Connection",
    said: Said,
    answers: Mapping[str, list[tuple[str, ...]]],
    findings: Findings,
) -> None:
    keys = list(answers)
    kept = {
        row["idempotency_key"]: tuple(row["event_ids"])
        for row in await tables.fetch(connection, said.owner, tables.ANSWERED, keys)
    }
    caused = {
        row["correlation"]: {str(event_id) for event_id in row["event_ids"]}
        for row in await tables.fetch(connection, said.owner, tables.CORRELATED, keys)
    }
    for key, told in answers.items():
        if kept.get(key) != told[0]:
            found = kept.get(key, "no request")
            findings.add("lost", said.owner, f"request with key {key}", told[0], found)
        more = caused.get(key, set()) - set(told[0])
        if more:
            where = f"events caused by key {key}"
            findings.add("doubled", said.owner, where, told[0], f"also {sorted(more)}")
