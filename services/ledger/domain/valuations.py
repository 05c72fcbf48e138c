"""What an organisation says its contributions are worth, and what no value may be. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeAlias

from services.ledger.domain.statement_rules import LevelRule
from shared.contracts.ledger import ValuationBasis, ValuationDeclared, ValuationLevel
from shared.contracts.resources import Unit
from shared.decider import Aggregate, Decider
from shared.refusal import Invalid
from shared.rules import NoRuleInForce

Valued: TypeAlias = tuple[str, int]
"""Resource and fiscal year."""

# --- Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Declare:
    organisation_id: str
    resource: str
    fiscal_year: int
    level: ValuationLevel
    yen: int | None
    per_units: int | None
    basis: ValuationBasis | None
    evidence_sha256: str | None
    today: date
    unit: Unit | None
    """Of the resource; none where the catalogue does not know it."""
    rule: LevelRule | None
    """What the level asks for in that year, as far as a rule is known."""


# --- Refusals


class ResourceUnknown(Invalid):
    """A valuation is of a resource that the catalogue knows."""

    japanese = "この資源区分は目録にありません。"


class MoneyIsItsOwnValue(Invalid):
    """What is counted in yen is valued already; a valuation is of what is counted otherwise."""

    japanese = "円で数えるものには既に値があります。評価は円以外で数えるものに行います。"


class ValueIncomplete(Invalid):
    """A value says how many yen for how many units, and on which basis."""

    japanese = "評価額は、何単位につき何円か、どの根拠によるかを示します。"


class NotValuedHasNoValue(Invalid):
    """What is not valued has neither yen nor a basis."""

    japanese = "評価しないものには、金額も根拠もありません。"


class BasisNotFromOutside(Invalid):
    """What is recognised in the statement of activities rests on a basis from outside."""

    japanese = "活動計算書に計上するものは、外部の根拠によります。"


class EvidenceMissing(Invalid):
    """What is recognised in the statement of activities names its evidence by a hash."""

    japanese = "活動計算書に計上するものは、証拠をハッシュで示します。"


# --- One stream per organisation


@dataclass(frozen=True, slots=True)
class Valuations:
    of: Mapping[Valued, ValuationDeclared] = field(default_factory=dict)
    """The last word on each resource and fiscal year."""


def decide(command: Declare, valuations: Valuations) -> Sequence[ValuationDeclared]:
    if command.unit is None:
        raise ResourceUnknown(command.resource)
    if command.unit == "yen":
        raise MoneyIsItsOwnValue(command.resource)
    value = command.yen, command.per_units, command.basis
    if command.level == "not_valued":
        if any(part is not None for part in (*value, command.evidence_sha256)):
            raise NotValuedHasNoValue
    elif None in value:
        raise ValueIncomplete
    else:
        _allowed(command)
    before = valuations.of.get((command.resource, command.fiscal_year))
    declared = ValuationDeclared(
        organisation_id=command.organisation_id,
        resource=command.resource,
        fiscal_year=command.fiscal_year,
        declared_on=command.today,
        level=command.level,
        yen=command.yen,
        per_units=command.per_units,
        basis=command.basis,
        evidence_sha256=command.evidence_sha256,
    )
    if before is not None and before.model_copy(update={"declared_on": command.today}) == declared:
        return []
    return [declared]


def _allowed(command: Declare) -> None:
    """See to it that a value is one that the rules of its level and year let stand."""
    if command.rule is None:
        raise NoRuleInForce(command.level, str(command.fiscal_year))
    if command.rule.bases is not None and command.basis not in command.rule.bases:
        raise BasisNotFromOutside(", ".join(sorted(command.rule.bases)))
    if command.rule.evidence and command.evidence_sha256 is None:
        raise EvidenceMissing


def evolve(valuations: Valuations, event: ValuationDeclared) -> Valuations:
    return Valuations({**valuations.of, (event.resource, event.fiscal_year): event})


VALUATIONS: Final = Aggregate(
    ValuationDeclared.category, Decider(decide, evolve, initial=Valuations())
)
