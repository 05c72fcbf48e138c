"""What an operation says it answers: the shape of what was asked for, and what may be refused."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from shared.http.problems import MEDIA_TYPE, TYPE_PREFIX
from shared.refusal import Refusal

Json = dict[str, Any]
T = TypeVar("T", bound=BaseModel)

CSV: Final = "text/csv"
TABLE: Final[Json] = {
    CSV: {"schema": {"type": "string"}, "example": "month,quantity\r\n2026-04,150000\r\n"}
}


class Told(BaseModel):
    """Something that is answered. A field that is not named here is never told."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Page(Told, Generic[T]):
    """A page of a list, and where it goes on."""

    items: list[T]
    next_cursor: str | None
    """None: this was the last page."""


class Done(Told):
    """What was changed, and by which events."""

    event_ids: list[str]
    """What became of each is told by the ledger: `GET /v1/events/{event_id}`."""


def answers(told: type[BaseModel], *refused: type[Refusal], status: int = 200) -> Json:
    """For a route's decorator: what it tells, and what it may refuse beside what all routes may.

    The route answers by itself; this documents, and what is documented is tested.
    """
    success: Json = {"model": told, "description": HTTPStatus(status).phrase}
    if issubclass(told, Page):
        success["content"] = dict(TABLE)
    more: Json = {} if status == HTTPStatus.OK else {"status_code": status}
    return {
        "response_model": None,
        "responses": {status: success, **refusals(*refused)},
        **more,
    }


def refusals(*refused: type[Refusal]) -> dict[int | str, Json]:
    """The same for a route that tells what FastAPI itself can see."""
    responses: Json = {}
    declare(responses, refused)
    return {int(status): response for status, response in responses.items()}


def declare(responses: Json, refusals: Iterable[type[Refusal]]) -> None:
    """Add refusals to an operation's responses, each with its type and an example."""
    for refusal in refusals:
        status = str(int(refusal.status))
        response = responses.setdefault(status, {})
        response.setdefault("description", HTTPStatus(refusal.status).phrase)
        content = response.setdefault("content", {}).setdefault(
            MEDIA_TYPE, {"schema": _problem(), "examples": {}}
        )
        name, types = refusal.rule(), content["schema"]["properties"]["type"]["enum"]
        if name not in content["examples"]:
            types.append(f"{TYPE_PREFIX}{name}")
            content["examples"][name] = {"summary": refusal.statement(), "value": _said(refusal)}


def _problem() -> Json:
    return {
        "allOf": [{"$ref": "#/components/schemas/Problem"}],
        "properties": {"type": {"enum": []}},
    }


def _said(refusal: type[Refusal]) -> Json:
    said = {
        "type": f"{TYPE_PREFIX}{refusal.rule()}",
        "title": refusal.japanese or refusal.statement(),
        "status": int(refusal.status),
    }
    if refusal.rule() == "invalid-request":
        said["errors"] = [{"field": "body.month", "rule": "必要な項目です"}]
    return said


def printable(answers: Json) -> Json:
    """For what is also told as a table, or as a page to print."""
    page = {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html>…"}}
    answers["responses"][200]["content"] = {**TABLE, **page}
    return answers
