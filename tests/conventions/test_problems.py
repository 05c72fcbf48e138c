"""Every rule that may refuse something says so in both languages, and tells no value."""

from collections import defaultdict
from typing import get_args

import pytest
from pydantic_core.core_schema import ErrorType

from docs.generate.problems import refusals
from shared.http.field_rules import JAPANESE, field_rule
from shared.refusal import NotFound, Refusal

RULES = refusals()


@pytest.mark.parametrize("refusal", RULES, ids=lambda one: one.__qualname__)
def test_every_rule_speaks_both_languages(refusal: type[Refusal]) -> None:
    assert any("぀" <= character <= "鿿" for character in refusal.japanese)
    assert refusal.japanese.endswith("。")
    assert refusal.__doc__
    assert refusal.statement().isascii()


def test_a_rule_has_one_status() -> None:
    statuses = defaultdict(set)
    for refusal in RULES:
        if issubclass(refusal, NotFound):
            continue
        statuses[refusal.rule()].add(refusal.status)
    assert {rule: found for rule, found in statuses.items() if len(found) > 1} == {}


def test_what_is_not_there_and_what_is_anothers_are_told_in_the_same_words() -> None:
    missing = [refusal for refusal in RULES if issubclass(refusal, NotFound)]
    assert len(missing) > 3
    assert {refusal.japanese for refusal in missing} == {NotFound.japanese}


def test_a_fields_rule_that_is_told_in_japanese_is_one_that_pydantic_knows() -> None:
    assert set(JAPANESE) <= set(get_args(ErrorType))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_fields_rule_never_tells_the_value(language: str) -> None:
    error = {"type": "greater_than", "msg": "greater than 0", "ctx": {"gt": 0}, "input": "secret"}
    told = field_rule(error, "ja" if language == "ja" else "en")
    assert "0" in told
    assert "secret" not in told
