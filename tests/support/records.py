"""Events as the records that Kafka would hand over, for tests that feed the runtime themselves."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from shared.clock import now
from shared.consuming.record import StoredRecord
from shared.contracts.event import Event, topic_of
from shared.envelope import Envelope, to_headers
from shared.ids import new_id

PARTITION = 0


def envelopes(events: Iterable[Event]) -> list[tuple[Event, Envelope]]:
    """Give each event its place in its stream."""
    versions: dict[tuple[str, str], int] = defaultdict(int)
    stamped = []
    for event in events:
        stream = event.owner, event.stream
        versions[stream] += 1
        stamped.append((event, envelope(event, versions[stream])))
    return stamped


def envelope(event: Event, version: int) -> Envelope:
    return Envelope(
        event_id=new_id(),
        type_name=event.type_name(),
        source=f"yui/{event.owner}",
        stream=event.stream,
        version=version,
        recorded_at=now(),
        correlation="a-test",
        causation=None,
    )


class Log:
    """A topic's partition per owner: what is written keeps its offset."""

    def __init__(self) -> None:
        self.topics: dict[str, list[StoredRecord]] = defaultdict(list)

    def write(self, event: Event, stamp: Envelope) -> None:
        topic = topic_of(event.owner)
        record = StoredRecord(
            topic=topic,
            partition=PARTITION,
            offset=len(self.topics[topic]),
            key=event.key.encode(),
            value=event.model_dump_json(exclude_none=True).encode(),
            headers=to_headers(stamp),
        )
        self.topics[topic].append(record)

    def write_all(self, stamped: Iterable[tuple[Event, Envelope]]) -> None:
        for event, stamp in stamped:
            self.write(event, stamp)

    def partitions(self) -> tuple[Sequence[str], Sequence[int]]:
        return list(self.topics), [PARTITION] * len(self.topics)
