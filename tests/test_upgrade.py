"""What the last release has written to the logs still loads, and still says the same."""

import json
from typing import Any

import pytest

from shared.contracts.registry import EVENTS_BY_TYPE, OWNERS
from tests.contracts.golden import released, samples

SAMPLES = samples()


@pytest.mark.parametrize("type_name", SAMPLES)
def test_an_event_of_the_last_release_loads_with_all_its_facts(type_name: str) -> None:
    body = SAMPLES[type_name]
    loaded = EVENTS_BY_TYPE[type_name].model_validate_json(body)
    now: dict[str, Any] = json.loads(loaded.model_dump_json(exclude_none=True))
    then: dict[str, Any] = json.loads(body)
    assert {field: now.get(field) for field in then} == then


@pytest.mark.parametrize("type_name", SAMPLES)
def test_an_event_of_the_last_release_is_in_the_stream_in_which_it_was(type_name: str) -> None:
    body = SAMPLES[type_name]
    loaded = EVENTS_BY_TYPE[type_name].model_validate_json(body)
    (stood,) = (e[type_name] for o in OWNERS if type_name in (e := released(o)["events"]))
    facts = json.loads(body)
    assert loaded.stream == stood["stream"].format(**facts)
    assert loaded.key == stood["key"].format(**facts)


def test_every_type_of_the_last_release_has_a_sample() -> None:
    assert set(SAMPLES) == {name for owner in OWNERS for name in released(owner)["events"]}
