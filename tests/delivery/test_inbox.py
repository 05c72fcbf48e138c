"""Sorting what was fetched: each event once and in its stream's order, whatever the log holds."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as some

from shared.consuming.inbox import Key, Known, Parked, Sorted, Sorting, Stream, key_of
from shared.consuming.record import Received
from tests.delivery.streams import Told, stream_of

NOTHING = Known(versions={}, blocked=frozenset(), decided=frozenset())


class Tables:
    """What the runtime would keep between two batches."""

    def __init__(self) -> None:
        self.versions: dict[Stream, tuple[int, UUID]] = {}
        self.blocked: set[Key] = set()
        self.held: dict[Stream, dict[int, Received]] = defaultdict(dict)
        self.applied: list[Received] = []
        self.parked: list[Parked] = []

    def sort(self, batch: Sequence[Received]) -> Sorted:
        decided = frozenset(received.envelope.event_id for received in self.applied)
        known = Known(self.versions, frozenset(self.blocked), decided, self.held)
        sorted_ = Sorting(known).sort(batch)
        for received in sorted_.apply:
            version = received.envelope.version
            self.versions[received.stream] = (version, received.envelope.event_id)
            self.held[received.stream].pop(version, None)
        for received in sorted_.hold:
            self.held[received.stream][received.envelope.version] = received
        self.blocked |= {key_of(parked.record) for parked in sorted_.park}
        self.applied += sorted_.apply
        self.parked += sorted_.park
        return sorted_


def sort(*told: Told, known: Known = NOTHING) -> Sorted:
    return Sorting(known).sort(one.received(offset) for offset, one in enumerate(told))


def versions(received: Sequence[Received]) -> list[int]:
    return [one.envelope.version for one in received]


def reasons(sorted_: Sorted) -> list[str]:
    return [parked.reason for parked in sorted_.park]


def after(*told: Told) -> Known:
    """What is known when these have been applied."""
    last = {one.received(0).stream: (one.version, one.event_id) for one in told}
    return Known(last, frozenset(), frozenset(one.event_id for one in told))


def test_an_event_twice_in_a_batch_is_applied_once() -> None:
    first, second = stream_of("a", 2)
    sorted_ = sort(first, first, second, second, first)
    assert versions(sorted_.apply) == [1, 2]
    assert (sorted_.duplicates, sorted_.park) == (3, [])


def test_an_event_of_an_earlier_batch_is_a_duplicate() -> None:
    first, second, third = stream_of("a", 3)
    sorted_ = sort(first, second, third, known=after(first, second))
    assert versions(sorted_.apply) == [3]
    assert (sorted_.duplicates, sorted_.suspects) == (2, [])


def test_an_old_version_that_nobody_decided_on_is_asked_about_and_then_a_fork() -> None:
    first, second = stream_of("a", 2)
    known = Known(after(first, second).versions, frozenset(), frozenset())
    sorted_ = sort(first, known=known)
    assert sorted_.suspects == [first.event_id]
    assert reasons(sorted_) == ["fork"]


def test_another_event_under_the_last_version_is_a_fork() -> None:
    (first,) = stream_of("a", 1)
    sorted_ = sort(first, Told("a", 1), Told("a", 2))
    assert versions(sorted_.apply) == [1]
    assert reasons(sorted_) == ["fork", "behind"]


def test_another_event_under_a_version_that_waits_is_a_fork() -> None:
    _, _, third = stream_of("a", 3)
    sorted_ = sort(third, third, Told("a", 3))
    assert versions(sorted_.hold) == [3]
    assert (sorted_.duplicates, reasons(sorted_)) == (1, ["fork"])


def test_what_comes_too_early_waits_and_goes_on_in_order() -> None:
    first, second, third, fourth = stream_of("a", 4)
    sorted_ = sort(fourth, third, first, second)
    assert versions(sorted_.apply) == [1, 2, 3, 4]
    assert sorted_.hold == []


def test_what_was_held_in_an_earlier_batch_goes_on_when_the_gap_closes() -> None:
    tables, (first, second, third) = Tables(), stream_of("a", 3)
    assert versions(tables.sort([third.received(0), second.received(1)]).hold) == [3, 2]
    assert versions(tables.sort([first.received(2)]).apply) == [1, 2, 3]


def test_what_was_held_goes_on_when_its_predecessor_was_given_up() -> None:
    first, second, third = stream_of("a", 3)
    known = after(first, second)
    held = {third.received(7).stream: {3: third.received(7)}}
    sorted_ = sort(known=Known(known.versions, frozenset(), frozenset(), held))
    assert versions(sorted_.apply) == [3]


def test_a_gap_stays_a_gap_while_its_key_is_blocked() -> None:
    first, second = stream_of("a", 2)
    known = after(first)
    waiting = second.received(7)
    held = {waiting.stream: {2: waiting}}
    blocked = frozenset({key_of(waiting.record)})
    sorted_ = sort(known=Known(known.versions, blocked, frozenset(), held))
    assert sorted_.apply == []


def test_behind_a_parked_record_its_key_waits_and_others_do_not() -> None:
    mine, others = stream_of("a", 2), stream_of("b", 2, b"other key")
    poison = Parked(Told("c", 1).at(9), None, "unreadable", "by this test")
    sorted_ = Sorting(NOTHING).sort(
        [mine[0].received(0), poison, mine[1].received(2), *(o.received(3) for o in others)]
    )
    assert [(r.stream[1], r.envelope.version) for r in sorted_.apply] == [
        ("a", 1),
        ("b", 1),
        ("b", 2),
    ]
    assert reasons(sorted_) == ["unreadable", "behind"]


def test_a_key_that_was_blocked_before_stays_blocked() -> None:
    (first,), (other,) = stream_of("a", 1), stream_of("b", 1, b"other key")
    blocked = frozenset({key_of(first.at(0))})
    sorted_ = sort(first, other, known=Known({}, blocked, frozenset()))
    assert [r.stream[1] for r in sorted_.apply] == ["b"]
    assert reasons(sorted_) == ["behind"]


def test_a_duplicate_behind_a_parked_record_is_still_a_duplicate() -> None:
    (first,) = stream_of("a", 1)
    known = after(first)
    blocked = frozenset({key_of(first.at(0))})
    sorted_ = sort(first, known=Known(known.versions, blocked, known.decided))
    assert (sorted_.duplicates, sorted_.park) == (1, [])


def test_the_same_stream_name_in_two_topics_is_two_streams() -> None:
    here, there = Told("a", 1), Told("a", 1, topic="yui.elsewhere.v1")
    assert versions(sort(here, there).apply) == [1, 1]


def test_a_body_is_looked_at_when_it_is_its_events_turn() -> None:
    first, second, third = stream_of("a", 3)

    def check(received: Received) -> Parked | None:
        broken = received.envelope.version == 2
        event_id = received.envelope.event_id
        return Parked(received.record, event_id, "breaks_contract", "") if broken else None

    sorting = Sorting(NOTHING, check)
    sorted_ = sorting.sort([third.received(0), second.received(1), first.received(2)])
    assert versions(sorted_.apply) == [1]
    assert reasons(sorted_) == ["breaks_contract"]
    assert versions(sorted_.hold) == [3]


LENGTHS = some.lists(some.integers(min_value=1, max_value=6), min_size=1, max_size=4)


@given(some.data(), LENGTHS)
def test_any_order_any_repeats_any_batches_apply_each_event_once_and_in_order(
    data: some.DataObject, lengths: list[int]
) -> None:
    streams = [
        stream_of(f"s{number}", length, f"k{number % 2}".encode())
        for number, length in enumerate(lengths)
    ]
    events = [told for stream in streams for told in stream]
    repeats = data.draw(some.lists(some.sampled_from(events), max_size=10))
    log = data.draw(some.permutations([*events, *repeats]))
    cuts = data.draw(some.lists(some.integers(0, len(log)), max_size=4).map(sorted))
    tables = Tables()
    for begin, end in zip([0, *cuts], [*cuts, len(log)], strict=True):
        tables.sort([log[offset].received(offset) for offset in range(begin, end)])
    assert tables.parked == []
    for stream in streams:
        applied = [r for r in tables.applied if r.envelope.stream == stream[0].stream]
        assert [r.envelope.event_id for r in applied] == [told.event_id for told in stream]
    assert len(tables.applied) == len(events)
