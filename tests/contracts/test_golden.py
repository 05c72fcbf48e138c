"""What is published stays what it was: any change shows in a diff, a breaking one fails."""

from types import ModuleType
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field

from shared.contracts.event import Event, Fact, Id
from shared.contracts.registry import OWNERS
from tests.contracts.compatibility import breaking
from tests.contracts.golden import GOLDEN, contract, file_of, released, text_of


@pytest.mark.parametrize("owner", OWNERS, ids=file_of)
def test_a_contract_is_what_its_golden_file_says(owner: ModuleType) -> None:
    golden = (GOLDEN / file_of(owner)).read_text()
    assert text_of(contract(owner)) == golden, "look at the change, then `make golden`"


@pytest.mark.parametrize("owner", OWNERS, ids=file_of)
def test_no_change_since_the_last_release_breaks_a_reader(owner: ModuleType) -> None:
    assert breaking(released(owner), contract(owner)) == []


# --- The gate itself


class Repaired(Event):
    owner: ClassVar[str] = "workshop"
    category: ClassVar[str] = "roof"
    identity_field: ClassVar[str] = "roof_id"
    key_field: ClassVar[str] = "home_id"

    roof_id: Id
    home_id: Id
    tiles: Annotated[int, Field(ge=0, le=900)]
    kind: Literal["clay", "slate"]
    warranty: Annotated[str, Field(pattern="^[0-9]{4}$")] | None = None


def published(event: type[Event]) -> dict[str, Any]:
    """Return the contract of a topic that knows this event as `Repaired`."""
    topic = ModuleType("workshop")
    vars(topic).update(OWNER="workshop", TOPIC="yui.workshop.v1", EVENTS=(event,))
    found = contract(topic)
    (only,) = found["events"].values()
    return {**found, "events": {Repaired.type_name(): only}}


class Roofer(Fact):
    roofer_id: Id


class Required(Repaired):
    roofer_id: Id


class NoLongerRequired(Repaired):
    tiles: Annotated[int, Field(ge=0, le=900)] = 0


class OtherType(Repaired):
    tiles: str  # type: ignore[assignment]  # planted


class Narrower(Repaired):
    tiles: Annotated[int, Field(ge=0, le=500)]


class FewerKinds(Repaired):
    kind: Literal["clay"]


class MoreKinds(Repaired):
    kind: Literal["clay", "slate", "straw"]  # type: ignore[assignment]  # planted


class OtherPattern(Repaired):
    warranty: Annotated[str, Field(pattern="^[0-9]{2}$")] | None = None


class NeverNone(Repaired):
    warranty: Annotated[str, Field(pattern="^[0-9]{4}$")] = "0000"


class OtherKey(Repaired):
    key_field: ClassVar[str] = "roof_id"


class OtherStream(Repaired):
    category: ClassVar[str] = "tile"


@pytest.mark.parametrize(
    "changed",
    [
        Required,
        NoLongerRequired,
        OtherType,
        Narrower,
        FewerKinds,
        MoreKinds,
        OtherPattern,
        NeverNone,
        OtherKey,
        OtherStream,
    ],
)
def test_a_breaking_change_is_caught(changed: type[Event]) -> None:
    assert breaking(published(Repaired), published(changed)) != []


def test_a_type_that_is_gone_is_caught() -> None:
    before = published(Repaired)
    assert breaking(before, {**before, "events": {}}) == [
        "workshop.Repaired.v1 is gone, and stands in the log"
    ]


class OneMoreField(Repaired):
    """A roof has been repaired. These words may change."""

    roofer: Roofer | None = None
    """Who did it."""


def test_a_new_field_that_nobody_need_send_and_new_words_break_nothing() -> None:
    assert breaking(published(Repaired), published(OneMoreField)) == []


def test_a_field_that_is_gone_is_caught() -> None:
    assert breaking(published(OneMoreField), published(Repaired)) == [
        "workshop.Repaired.v1.roofer is gone"
    ]
