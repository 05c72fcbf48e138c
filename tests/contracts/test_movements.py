"""The ledger's own quick reading of movements accepts and refuses what the contract does."""

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from services.ledger.domain import READ, Moved
from shared.contracts.event import QUANTITY_MAX, VERSION_MAX, Movement

SOUND: dict[str, Any] = {
    "resource": "rent",
    "month": "2011-08",
    "moved_from": "open",
    "moved_to": "promised",
    "quantity": 150_000,
}

words = st.from_regex(r"[a-z0-9_-]{0,66}", fullmatch=True) | st.text(max_size=5)
bounds = (0, 1, QUANTITY_MAX, VERSION_MAX, 2**63, 2**64)
numbers = st.integers() | st.sampled_from(bounds).flatmap(lambda n: st.integers(n - 1, n + 1))
anything: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | numbers
    | numbers.map(str)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words
    | st.sampled_from(
        ["need", "open", "promised", "delivered", "confirmed", "2011-08\n", "2011-13"]
    )
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
        return [msgspec.structs.asdict(one) for one in READ.decode(body).movements]
    except msgspec.DecodeError:
        return None


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
