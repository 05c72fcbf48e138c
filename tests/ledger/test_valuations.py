"""At which level contributions in kind are valued, and what no value may be."""

from datetime import date
from typing import Any

import pytest

from services.ledger.domain.statement_rules import StatementRules, kind_of
from services.ledger.domain.statements import closing_day
from services.ledger.domain.valuations import (
    VALUATIONS,
    BasisNotFromOutside,
    Declare,
    EvidenceMissing,
    MoneyIsItsOwnValue,
    NotValuedHasNoValue,
    ResourceUnknown,
    Valuations,
    ValueIncomplete,
)
from services.ledger.repository.statements import read_statement_rules
from shared.contracts.ledger import ValuationDeclared, ValuationLevel
from shared.contracts.resources import RENT, VOLUNTEERING, Unit
from shared.rules import NoRuleInForce, Rule
from tests.support.specification import Given

RULES = read_statement_rules()
TODAY, LATER = date(2012, 4, 10), date(2012, 5, 1)
WAGE: dict[str, Any] = {"yen": 850, "per_units": 60, "basis": "minimum_wage"}
PAPER = "5e" * 32


def given(*events: ValuationDeclared) -> Given[Declare, Valuations, ValuationDeclared]:
    return Given(VALUATIONS.decider, events)


def declare(
    level: ValuationLevel,
    *,
    resource: str = VOLUNTEERING,
    unit: Unit | None = "minutes",
    fiscal_year: int = 2011,
    today: date = TODAY,
    **value: Any,  # noqa: ANN401  the parts of a value
) -> Declare:
    return Declare(
        organisation_id="o",
        resource=resource,
        fiscal_year=fiscal_year,
        level=level,
        today=today,
        unit=unit,
        rule=rule(level, fiscal_year),
        **{**dict.fromkeys(("yen", "per_units", "basis", "evidence_sha256")), **value},
    )


def rule(level: ValuationLevel, fiscal_year: int) -> Any:  # noqa: ANN401  a rule, or none
    try:
        return RULES.level(level, "service", closing_day(fiscal_year)).value
    except NoRuleInForce:
        return None


def declared(level: ValuationLevel, on: date = TODAY, **value: Any) -> ValuationDeclared:  # noqa: ANN401
    return ValuationDeclared(
        organisation_id="o",
        resource=VOLUNTEERING,
        fiscal_year=2011,
        declared_on=on,
        level=level,
        **value,
    )


def test_hours_are_valued_in_the_notes_by_what_can_be_reasonably_calculated() -> None:
    given().when(declare("in_notes", **WAGE)).then(declared("in_notes", **WAGE))
    own = {**WAGE, "basis": "own_calculation"}
    given().when(declare("in_notes", **own)).then(declared("in_notes", **own))


def test_hours_are_recognised_by_a_basis_from_outside_and_with_its_evidence() -> None:
    proven = {**WAGE, "evidence_sha256": PAPER}
    given().when(declare("recognised", **proven)).then(declared("recognised", **proven))
    own = {**proven, "basis": "own_calculation"}
    given().when(declare("recognised", **own)).then_refused(BasisNotFromOutside)
    given().when(declare("recognised", **WAGE)).then_refused(EvidenceMissing)


@pytest.mark.parametrize("part", WAGE)
def test_a_value_says_how_many_yen_for_how_many_units_and_on_which_basis(part: str) -> None:
    value = {name: told for name, told in WAGE.items() if name != part}
    given().when(declare("in_notes", **value)).then_refused(ValueIncomplete)


@pytest.mark.parametrize("part", [{"yen": 1}, {"per_units": 1}, {"evidence_sha256": PAPER}])
def test_what_is_not_valued_has_no_value(part: dict[str, Any]) -> None:
    given().when(declare("not_valued", **part)).then_refused(NotValuedHasNoValue)


def test_the_last_word_on_a_year_replaces_the_one_before_and_said_again_changes_nothing() -> None:
    before = declared("in_notes", **WAGE)
    given(before).when(declare("in_notes", today=LATER, **WAGE)).then()
    given(before).when(declare("not_valued", today=LATER)).then(declared("not_valued", LATER))
    raised = {**WAGE, "yen": 900}
    given(before).when(declare("in_notes", today=LATER, **raised)).then(
        declared("in_notes", LATER, **raised)
    )


def test_each_year_has_a_value_of_its_own() -> None:
    before = declared("in_notes", **WAGE)
    said = before.model_copy(update={"fiscal_year": 2012})
    given(before).when(declare("in_notes", fiscal_year=2012, **WAGE)).then(said)


def test_money_is_its_own_value() -> None:
    asked = declare("in_notes", resource=RENT, unit="yen", **WAGE)
    given().when(asked).then_refused(MoneyIsItsOwnValue)


def test_nothing_is_valued_that_the_catalogue_does_not_know() -> None:
    given().when(declare("not_valued", resource="tea", unit=None)).then_refused(ResourceUnknown)


def test_before_the_standard_was_published_nothing_is_valued_by_it() -> None:
    asked = declare("in_notes", fiscal_year=2009, **WAGE)
    given().when(asked).then_refused(NoRuleInForce)
    plain = declare("not_valued", fiscal_year=2009)
    given().when(plain).then(declared("not_valued").model_copy(update={"fiscal_year": 2009}))


# --- The rules as data


def test_each_kind_of_contribution_has_its_rules() -> None:
    assert kind_of("yen", public=True) == "public_money"
    assert kind_of("yen", public=False) == "money"
    assert kind_of("minutes", public=False) == kind_of("sessions", public=True) == "service"
    assert kind_of("litres", public=False) == "goods"  # type: ignore[arg-type]  # a new service's
    assert kind_of(None, public=False) is None


def test_what_a_receipt_may_state_depends_on_what_was_given() -> None:
    day = closing_day(2011)

    def told(kind: Any, resource: str) -> dict[str, str]:  # noqa: ANN401  one of the rules'
        return {one.value.item: one.answer for one in RULES.receipt(kind, resource, day)}

    money = {"amount": "may", "date": "may", "purpose": "may", "year": "may"}
    assert told("money", RENT) == {**money, "donation": "unconfirmed"}
    assert told("money", "meals") == money
    assert told("service", VOLUNTEERING) == {"amount": "may_not"}
    assert told("public_money", RENT) == {"receipt": "may_not"}
    assert told("goods", "rice") == {"quantity": "unconfirmed", "amount": "unconfirmed"}


def test_what_is_not_confirmed_is_never_told_as_fact_whatever_the_rule_says() -> None:
    value = {"item": "amount", "of": ["goods"], "may": False, "says": {"en": "-", "ja": "-"}}
    unsure = Rule(
        key="TAX.X",
        value=value,
        unit="item",
        valid_from=TODAY,
        source="none",
        confidence="unconfirmed",
    )
    [item] = StatementRules([unsure]).receipt("goods", "rice", TODAY)
    assert item.answer == "unconfirmed"


def test_a_rule_that_nobody_knows_how_to_apply_is_found_when_it_is_read_in() -> None:
    value = {"level": "guessed", "of": ["goods"], "says": {"en": "-", "ja": "-"}}
    unknown = Rule(
        key="ACC.X", value=value, unit="level", valid_from=TODAY, source="-", confidence="chosen"
    )
    with pytest.raises(ValueError, match="guessed"):
        StatementRules([unknown])


def test_a_rule_that_has_ended_is_not_applied() -> None:
    value = {"item": "amount", "of": ["money"], "may": True, "says": {"en": "-", "ja": "-"}}
    ended = Rule(
        key="TAX.X",
        value=value,
        unit="item",
        valid_from=date(2009, 4, 1),
        valid_to=date(2012, 3, 30),
        source="-",
        confidence="found",
    )
    assert list(StatementRules([ended]).receipt("money", RENT, closing_day(2011))) == []
