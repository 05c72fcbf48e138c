"""How others are told: by name where they agreed, else by their sector, wherever they stand."""

import pytest

from shared.access.naming import Naming

NAMING = Naming(
    named=frozenset({"ours", "agreed"}),
    sectors={"ours": "nonprofit", "agreed": "company", "theirs": "company+volunteers"},
)


def test_an_organisation_is_told_by_its_sectors_wherever_it_stands() -> None:
    event = {
        "body": {"organisation_id": "theirs", "organisations": ["ours", "theirs", "agreed"]},
        "some_later_field": {"deep": [{"by": "theirs"}]},
        "quantity": 5,
        "month": None,
    }
    assert NAMING.told(event) == {
        "body": {
            "organisation_id": "company+volunteers",
            "organisations": ["ours", "company+volunteers", "agreed"],
        },
        "some_later_field": {"deep": [{"by": "company+volunteers"}]},
        "quantity": 5,
        "month": None,
    }


@pytest.mark.parametrize(
    "field", ["organisation_id", "confirmed_by", "taken_back_by", "disputed_by", "closed_by"]
)
def test_one_of_whom_nothing_has_been_heard_yet_is_not_named_either(field: str) -> None:
    assert NAMING.told({field: "newcomer"}) == {field: "unknown"}
    assert NAMING.told({field: None}) == {field: None}


def test_who_runs_a_home_is_known_to_all_who_are_party_to_it() -> None:
    assert NAMING.told({"home_operator_id": "theirs"}) == {"home_operator_id": "theirs"}
