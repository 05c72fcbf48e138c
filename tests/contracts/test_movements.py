"""The ledger's own quick reading of movements accepts and refuses what the contract does."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from services.ledger.domain.movements import Moved, read_movements
from shared.contracts.event import QUANTITY_MAX, VERSION_MAX, Movement

SOUND: dict[str, Any] = {
    "resource": "rent",
    "month": "2011-08",
    "moved_from": "open",
    "moved_to": "promised",
    "quantity": 150_000,
}

EDGES: tuple[Any, ...] = (
    *("", "a", "A", "é", "-a", "a-_0", "rent\n", " rent", "a" * 63, "a" * 64, "a" * 65),
    *("2011-08", "2011-08\n", "2011-00", "2011-13", "0999-12", "12011-08", "2011-8"),
    *("need", "open", "promised", "delivered", "confirmed", "Open", "nowhere"),
    *(
        QUANTITY_MAX - 1,
        QUANTITY_MAX,
        QUANTITY_MAX + 1,
        VERSION_MAX,
        VERSION_MAX + 1,
        2**63,
        2**64,
    ),
    *(-1, 0, 1, 1.0, 1.5, "1", True, None, [], {}),
)
words = st.from_regex(r"[a-z0-9_-]{0,66}", fullmatch=True) | st.text(max_size=5)
anything: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.sampled_from(EDGES)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | words
    | st.from_regex(r"[0-9]{4}-[0-9]{2}\n?", fullmatch=True)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)
fields = st.sampled_from((*Movement.model_fields, "unheard_of"))
changes = st.dictionaries(fields, anything, max_size=3)
missing = st.sets(fields, max_size=1)
movements = st.builds(
    lambda changed, gone: {k: v for k, v in {**SOUND, **changed}.items() if k not in gone},
    changes,
    missing,
)


class Moving(BaseModel):
    movements: tuple[Movement, ...] = ()


def by_contract(body: bytes) -> list[dict[str, Any]] | None:
    try:
        return [one.model_dump() for one in Moving.model_validate_json(body).movements]
    except ValidationError:
        return None


def by_ledger(body: bytes) -> list[dict[str, Any]] | None:
    try:
        return [msgspec.structs.asdict(one) for one in read_movements(body)]
    except msgspec.DecodeError:
        return None


@pytest.mark.parametrize("field", Movement.model_fields)
def test_the_edges_of_each_field_are_judged_alike(field: str) -> None:
    judged = []
    for edge in EDGES:
        body = json.dumps({"movements": [{**SOUND, field: edge}]}).encode()
        assert by_ledger(body) == by_contract(body), edge
        judged.append(by_contract(body) is not None)
    assert any(judged)
    assert not all(judged)


@given(st.lists(movements, max_size=2))
def test_the_ledger_reads_what_the_contract_allows_and_refuses_the_rest(
    moved: list[dict[str, Any]],
) -> None:
    body = json.dumps({"movements": moved, "unheard_of": 1}).encode()
    assert by_ledger(body) == by_contract(body)


@given(movements, anything)
def test_whatever_stands_in_the_place_of_movements_is_judged_alike(
    moved: dict[str, Any], other: object
) -> None:
    for body in ({"movements": other}, {"movements": moved}, {"movements": [moved, other]}, other):
        text = json.dumps(body).encode()
        assert by_ledger(text) == by_contract(text)


def test_both_know_the_same_fields() -> None:
    assert [one.name for one in msgspec.structs.fields(Moved)] == list(Movement.model_fields)
