"""The pages that are generated from the contracts are current, and lead nowhere false."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from docs.generate import asyncapi
from docs.generate.__main__ import PAGES, ROOT
from shared.contracts.registry import EVENTS_BY_TYPE, OWNERS
from shared.envelope import Envelope, to_headers


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_a_generated_page_is_current(path: Path) -> None:
    assert (ROOT / path).read_text() == PAGES[path](), "`make golden` writes it anew"


def test_each_event_is_one_message_of_its_owners_channel() -> None:
    document = asyncapi.document()
    messages = document["components"]["messages"]
    assert {one["name"] for one in messages.values()} == set(EVENTS_BY_TYPE)
    for owner in OWNERS:
        channel = document["channels"][owner.OWNER]
        assert channel["address"] == owner.TOPIC
        assert set(channel["messages"]) == {event.__name__ for event in owner.EVENTS}


def test_the_headers_told_of_are_those_that_are_sent() -> None:
    sent = to_headers(
        Envelope(
            event_id=UUID(int=1),
            type_name="homes.HomeClosed.v1",
            source="yui/homes",
            stream="home/home-1",
            version=1,
            recorded_at=datetime(2011, 8, 1, tzinfo=UTC),
            correlation="request-1",
            causation=UUID(int=2),
            traceparent="00-" + 32 * "1" + "-" + 16 * "1" + "-01",
        )
    )
    assert {name for name, _ in sent} == set(asyncapi.HEADERS["properties"])


def test_every_reference_of_asyncapi_leads_somewhere() -> None:
    document = asyncapi.document()
    found = list(references(document))
    assert found
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in place, reference
            place = place[step]


def references(node: object) -> Iterator[str]:
    match node:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for value in node.values():
                yield from references(value)
        case list():
            for value in node:
                yield from references(value)
        case _:
            pass
