"""The client's own journal: what it has been told is done, line by line as it was told."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.checking.findings import Findings
from deploy.checking.sessions import fill, find
from deploy.checking.settling import EVENTLOG, LEDGER, SILENT, Standing
from deploy.checking.statements import standing as stands
from deploy.checking.topic import Topic

if TYPE_CHECKING:
    from deploy.checking.sessions import Connection


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
    connection: "Connection", topic: Topic, standing: Standing, journal: Journal
) -> Findings:
    """Whatever was accepted is in its event table, in Kafka, on the books and in the event log.

    A key that was answered twice was answered alike. Where a request bore its key as its
    correlation too, it has brought about what its answer names and nothing else.
    """
    answers = journal.of(topic.owner)
    found = Findings()
    for key, told in answers.items():
        if len(set(told)) > 1:
            found.add("doubled", topic.owner, f"answer to key {key}", told[0], told[1])
        found.accepted[topic.owner] += len(told[0])
    named = [(key, event_id) for key, told in answers.items() for event_id in told[0]]
    if named:
        statement = fill(stands.LACKING, places=",".join(_places(topic, standing)))
        columns = [list(column) for column in zip(*named, strict=True)]
        found.take(await find(connection, topic.owner, statement, *columns))
        await _compare_answers(connection, topic.owner, answers, found)
    return found


def _places(topic: Topic, standing: Standing) -> list[str]:
    """Where an event must be, as what is said where it is not."""
    where = {"its event table": topic.told.table, "Kafka": topic.names["place"]}
    if LEDGER in standing.services and topic.owner not in SILENT:
        where["ledger''s outcomes"] = f"{LEDGER}.outcome"
    if EVENTLOG in standing.services and topic.owner != EVENTLOG:
        where |= {"eventlog''s outcomes": f"{EVENTLOG}.outcome"}
        where |= {"logged_event": f"{EVENTLOG}.logged_event"}
    return [fill(stands.LACKING_IN, table=table, name=name) for name, table in where.items()]


async def _compare_answers(
    connection: "Connection",
    service: str,
    answers: Mapping[str, list[tuple[str, ...]]],
    found: Findings,
) -> None:
    keys = list(answers)
    rows = await connection.fetch(fill(stands.ANSWERED, service=service), keys)
    kept = {row["idempotency_key"]: tuple(row["event_ids"]) for row in rows}
    rows = await connection.fetch(fill(stands.CORRELATED, service=service), keys)
    caused = {row["correlation"]: {str(one) for one in row["event_ids"]} for row in rows}
    for key, told in answers.items():
        if kept.get(key) != told[0]:
            answered = kept.get(key, "no request")
            found.add("lost", service, f"request with key {key}", told[0], answered)
        more = caused.get(key, set()) - set(told[0])
        if more:
            where = f"events caused by key {key}"
            found.add("doubled", service, where, told[0], f"also {sorted(more)}")
