"""Many promises or deliveries in one request: an outcome for each line, or all or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import Field, create_model

from shared.commitments.bodies import DeliveryBody, PromiseBody
from shared.commitments.desk import Desk
from shared.commitments.making import MakeCommand
from shared.contracts.event import Id
from shared.handling import Answer
from shared.http.answers import Done, Told
from shared.http.bodies import Body
from shared.http.callers import Writing
from shared.http.languages import Language
from shared.http.problems import Problem, told
from shared.refusal import Refusal
from shared.work import Work

LINES_MAX: Final = 1_000

L = TypeVar("L", bound=Body)


class BatchRefused(Refusal):
    """Nothing was done, for all or nothing was asked for: `errors` names each line that fails."""

    japanese = "全件か無かの指定により、何も行われていません。errors が各行の理由を示します。"

    def __init__(self, errors: Sequence[Mapping[str, str]]) -> None:
        super().__init__(f"{len(errors)} lines")
        self._errors = errors

    def beside(self) -> Mapping[str, Any]:
        return {"errors": list(self._errors)}


class OutcomeTold(Told):
    """What became of a line; the first is number 0."""

    line: int
    commitment_id: Id
    version: int | None = None
    delivery_id: Id | None = None
    problem: Problem | None = None
    """Why this line alone was not done."""


class BatchAnswer(Done):
    done: int
    refused: int
    outcomes: list[OutcomeTold]


@dataclass(frozen=True, slots=True)
class Line:
    commitment_id: str
    command: MakeCommand
    delivery_id: str | None = None

    @property
    def names(self) -> dict[str, str]:
        delivery = {} if self.delivery_id is None else {"delivery_id": self.delivery_id}
        return {"commitment_id": self.commitment_id, **delivery}


class BatchBody(Body):
    """Lines, decided in their order; a later one sees what an earlier one has done."""

    lines: list[Any]
    all_or_nothing: bool = False
    """Whether nothing is done where one line is refused."""


def batch_of(line: type[PromiseBody] | type[DeliveryBody], commitment: str) -> type[BatchBody]:
    """The body of a batch: the sector's own lines, each naming its commitment."""
    named = line_of(line, commitment)
    return create_model(
        f"{line.__name__.removesuffix('Body')}Batch",
        __base__=BatchBody,
        __doc__=BatchBody.__doc__,
        lines=(list[named], Field(min_length=1, max_length=LINES_MAX)),  # type: ignore[valid-type]  # made above
    )


def line_of(line: type[L], commitment: str) -> type[L]:
    """A line in the sector's own words, which also names its commitment."""
    return create_model(
        f"{line.__name__.removesuffix('Body')}Line",
        __base__=line,
        __doc__=line.__doc__,
        commitment_id=(Id, Field(alias=f"{commitment}_id")),
    )


async def act_on_all(
    desk: Desk,
    caller: Writing,
    lines: Sequence[Line],
    language: Language,
    all_or_nothing: bool,  # noqa: FBT001  as the request says it
) -> Answer:
    async def act(work: Work) -> Answer:
        outcomes = [await _outcome(number, line, work) for number, line in enumerate(lines)]
        refused = [one for one in outcomes if "problem" in one]
        if refused and all_or_nothing:
            raise BatchRefused(
                [
                    {"field": f"body.lines.{one['line']}", "rule": one["problem"]["title"]}
                    for one in refused
                ]
            )
        counted = {"done": len(outcomes) - len(refused), "refused": len(refused)}
        return Answer(200, {**counted, "outcomes": outcomes})

    async def _outcome(number: int, line: Line, work: Work) -> dict[str, Any]:
        try:
            version = await desk.decide(caller, work, line.commitment_id, line.command)
        except Refusal as refusal:
            of = {"line": number, "commitment_id": line.commitment_id}
            return {**of, "problem": told(refusal, language)}
        return {"line": number, **line.names, "version": version}

    return await desk.act_on_many(caller, (line.commitment_id for line in lines), act)
