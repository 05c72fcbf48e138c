"""Places, windows and chains: a reader that goes on where it stopped sees everything once."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.eventlog.domain import (
    BrokenCursor,
    CursorAhead,
    in_order_of_cause,
    read_places,
    refuse_ahead,
    waiting,
    windows,
    write_places,
)

partitions = st.tuples(
    st.sampled_from(("yui.homes.v1", "yui.ledger.v1", "other-topic_2")), st.integers(0, 11)
)
places = st.dictionaries(partitions, st.integers(1, 10**9), max_size=30)
small_places = st.dictionaries(partitions, st.integers(1, 60), max_size=30)


@given(places)
def test_a_cursor_reads_as_it_was_written(seen: dict[tuple[str, int], int]) -> None:
    assert read_places(write_places(seen)) == seen


@pytest.mark.parametrize(
    "text", ["17", "yui.homes.v1", "yui.homes.v1:0", "a:0=1;", "a:0=1;;b:0=1", "a:x=1", "a:0=-1"]
)
def test_a_broken_cursor_is_refused(text: str) -> None:
    with pytest.raises(BrokenCursor):
        read_places(text)


@given(st.text())
def test_whatever_is_sent_as_a_cursor_is_read_or_refused(text: str) -> None:
    try:
        found = read_places(text)
    except BrokenCursor:
        return
    assert read_places(write_places(found)) == found


def test_a_cursor_of_another_log_is_refused() -> None:
    with pytest.raises(CursorAhead):
        refuse_ahead({("a", 0): 3}, {("a", 0): 2})
    with pytest.raises(CursorAhead):
        refuse_ahead({("b", 0): 1}, {("a", 0): 2})
    refuse_ahead({("a", 0): 2}, {("a", 0): 2, ("b", 0): 1})


@given(small_places, st.integers(1, 50))
def test_window_after_window_reads_every_place_once_and_in_order(
    heads: dict[tuple[str, int], int], events_max: int
) -> None:
    seen: dict[tuple[str, int], int] = {}
    while runs := windows(seen, heads, events_max):
        count = sum(run.through - run.after for run in runs)
        assert count <= max(events_max, len(runs))
        for run in runs:
            assert run.after == seen.get(run.partition, 0)
            assert run.through > run.after
            seen[run.partition] = run.through
    assert seen == heads


@given(small_places, small_places)
def test_what_waits_is_what_lies_between_the_reader_and_the_heads(
    seen: dict[tuple[str, int], int], heads: dict[tuple[str, int], int]
) -> None:
    assert sum(run.through - run.after for run in waiting(seen, heads)) == sum(
        max(0, place - seen.get(partition, 0)) for partition, place in heads.items()
    )


@dataclass(frozen=True)
class Told:
    event_id: UUID
    causation: UUID | None


@st.composite
def told(draw: st.DrawFn) -> list[Told]:
    size = draw(st.integers(0, 12))
    # 99 stands for a cause that is not among them.
    causes = draw(
        st.lists(
            st.none() | st.integers(0, max(0, size - 1)) | st.just(99),
            min_size=size,
            max_size=size,
        )
    )
    return [
        Told(UUID(int=number), None if cause is None else UUID(int=cause))
        for number, cause in enumerate(causes)
    ]


@given(told())
def test_a_chain_tells_each_event_once_whatever_causes_it_claims(events: list[Told]) -> None:
    ordered = [event for _, event in in_order_of_cause(events)]
    assert sorted(one.event_id for one in ordered) == sorted(one.event_id for one in events)


def test_an_effect_stands_under_its_cause() -> None:
    request, need, shortfall, other, ask = (UUID(int=number) for number in range(5))
    events = [
        Told(request, None),
        Told(other, None),
        Told(need, request),
        Told(ask, shortfall),
        Told(shortfall, need),
    ]
    assert [(depth, event.event_id) for depth, event in in_order_of_cause(events)] == [
        (0, request),
        (1, need),
        (2, shortfall),
        (3, ask),
        (0, other),
    ]
