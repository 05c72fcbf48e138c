"""Every way to ask a service, from its own OpenAPI document, with ids that are not one's own.

What a path or a query names is filled from the world; a new name fails here until it is said what
it stands for, so that no endpoint goes untried.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import httpx2

from shared.clock import now
from tests.walls.world import World

OPEN_TO_ALL: Final = frozenset({"/livez", "/readyz"})
COMMITMENT_IDS: Final = frozenset(
    {"agreement_id", "grant_id", "plan_id", "programme_id", "pledge_id"}
)
SAYS_HOW: Final = frozenset(
    {
        *("limit", "cursor", "resource", "month", "from_month", "through", "wait", "format"),
        *("first", "known_at", "known_on", "type", "topic", "recorded_from", "recorded_until"),
        *("bom", "sort", "own"),
        *(
            "prefecture_code",
            "status",
            "key",
            "on",
            "unconfirmed",
            "skip_beyond",
            "after",
            "between",
            "ending_before",
            "through_month",
        ),
    }
)
"""Query parameters that name nobody's thing."""
MONTHS: Final = ("2011-09", "2023-06")
FEW: Final = 2
"""Of each kind and owner: any of them shows what is shown of all."""
FORMS: Final = ("application/json", "text/csv", "text/html")
NARROWING: Final = frozenset({"stream", "correlation"})
"""Names that only narrow what is told anyway."""


@dataclass(frozen=True)
class Question:
    template: str
    path: str
    query: Mapping[str, str]
    accept: str

    @property
    def asked(self) -> str:
        """What it names itself: to hear it again is no news."""
        return f"{self.path} {' '.join(self.query.values())}"


@dataclass(frozen=True)
class Questions:
    """What may be asked of one service."""

    world: World
    document: Mapping[str, Any]
    commitments: Sequence[str]

    def all(self) -> Iterator[Question]:
        for template, methods in self.document["paths"].items():
            if "get" in methods and template not in OPEN_TO_ALL:
                yield from self._of(template, methods["get"])

    def templates(self) -> set[str]:
        return {question.template for question in self.all()}

    def _of(self, template: str, operation: Mapping[str, Any]) -> Iterator[Question]:
        parameters = [self._known(one) for one in operation.get("parameters", ())]
        in_path = [one["name"] for one in parameters if one["in"] == "path"]
        in_query = {one["name"] for one in parameters if one["in"] == "query"}
        forms: Sequence[str] = FORMS if "statements" in template else FORMS[:2]
        if "text/event-stream" in operation["responses"]["200"]["content"]:
            # It tells nothing in any other form, and takes its time.
            in_query, forms = in_query - NARROWING, FORMS[:1]
        for values in product(*(self._named(name) for name in in_path)):
            path = template
            for name, value in zip(in_path, values, strict=True):
                path = path.replace(f"{{{name}:path}}", value).replace(f"{{{name}}}", value)
            for query, form in product(self._queries(in_query), forms):
                yield Question(template, path, query, form)

    def _known(self, parameter: Mapping[str, Any]) -> Mapping[str, Any]:
        kind, _, name = parameter.get("$ref", "").rpartition("/")
        found: Mapping[str, Any] = (
            self.document["components"]["parameters"][name] if kind else parameter
        )
        return found

    def _named(self, name: str) -> list[str]:
        world = self.world
        match name:
            case "home_id":
                return sorted({home for homes in world.homes.values() for home in homes})
            case "organisation_id":
                return sorted(world.homes)
            case "event_id":
                return [ids[-1] for ids in world.event_ids.values()]
            case "stream":
                return [one for streams in world.streams.values() for one in streams[:FEW]]
            case "ask_id":
                return sorted({ask_id for ask_id, _ in world.asks})
            case "lease_id":
                return sorted(world.leases)
            case "person_id":
                return [one for registered in world.people.values() for one in registered]
            case "fiscal_year":
                return ["2011", "2023"]
            case "parked_id":
                return ["1"]
            case _:
                assert name in COMMITMENT_IDS, (
                    f"nobody has said in tests/walls/asking.py what {name} names"
                )
                return list(self.commitments)

    def _queries(self, names: set[str]) -> Iterator[dict[str, str]]:
        naming = names - SAYS_HOW
        known: dict[str, str] = {"limit": "500"} if "limit" in names else {}
        if "after" in names:
            known["after"] = "start"
        if {"month", "between"} <= names:
            for month in MONTHS:
                between = f"2011-01-01T00:00:00Z,{now().isoformat()}"
                yield {**known, "month": month, "between": between}
            return
        yield known
        if "known_at" in names:
            yield {**known, "known_at": now().isoformat()}
        for name in sorted(naming):
            for value in self._filter(name):
                yield {**known, name: value}

    def _filter(self, name: str) -> list[str]:
        if name == "correlation":
            return [f"first-home-{number}" for number in range(FEW)]
        return self._named(name)


async def answers(
    client: httpx2.AsyncClient, question: Question, pages_max: int = 20
) -> Sequence[httpx2.Response]:
    """Ask, and go on as long as there is a next page."""
    query, found = dict(question.query), []
    for _ in range(pages_max):
        headers = {"Accept": question.accept}
        response = await client.get(question.path, params=query, headers=headers)
        found.append(response)
        following = response.links.get("next", {}).get("url")
        if following is None:
            break
        query["cursor"] = httpx2.URL(following).params["cursor"]
    return found
