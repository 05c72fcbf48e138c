"""schemathesis against services that run: requests that fit the documents, and that do not.

What an answer tells is used in later requests, so that they reach further than to "not found".
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from shared.access.keys import new_key
from tests.access.world import World

load_all_checks()

CHECKED: Final = tuple(
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    )
)
ENDLESS: Final = frozenset({"/v1/tail"})
"""Followed for ever: its tests are its own."""
OUTAGE: Final = 503
SUBJECTS: Final = {
    **dict.fromkeys(("grant_id", "plan_id", "programme_id"), "commitment_id"),
    **dict.fromkeys(("agreement_id", "pledge_id"), "commitment_id"),
    **dict.fromkeys(("disbursement_id", "timesheet_id", "session_id"), "delivery_id"),
    **dict.fromkeys(("payment_id", "attendance_id"), "delivery_id"),
}
"""What sectors call what answers tell by the kernel's names."""


@dataclass
class Fuzzed:
    """What was sent, what came back, and every id that an answer has told."""

    statuses: Counter[int] = field(default_factory=Counter)
    operations: set[str] = field(default_factory=set)
    wrong: dict[str, str] = field(default_factory=dict)
    """By operation: how its first wrong answer is wrong."""
    known: dict[str, set[str]] = field(default_factory=dict)

    def learn(self, told: object) -> None:
        match told:
            case dict():
                for name, value in told.items():
                    if name.endswith("_id") and isinstance(value, str):
                        self.known.setdefault(name, set()).add(value)
                    self.learn(value)
            case list():
                for one in told:
                    self.learn(one)
            case _:
                pass

    @property
    def requests(self) -> int:
        return self.statuses.total()


class Fuzzer:
    """One service, attacked as one kind of principal."""

    def __init__(self, url: str, key: object, fuzzed: Fuzzed) -> None:
        self._headers = {"Authorization": f"Bearer {key}"}
        self._fuzzed = fuzzed
        self._session = requests.Session()
        self._url = url
        self._schema = schemathesis.openapi.from_url(f"{url}/openapi.json")

    def run(self, examples: int, seed: int = 0) -> None:
        for found in self._schema.get_all_operations():
            assert isinstance(found, Ok), found
            operation = found.ok()
            if operation.path not in ENDLESS:
                for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                    self._attack(operation, mode, examples, seed)

    def _attack(self, operation: Any, mode: GenerationMode, examples: int, seed: int) -> None:  # noqa: ANN401  schemathesis's own
        self._fuzzed.operations.add(f"{operation.method} {operation.path}")

        @with_seed(seed)
        @given(case=operation.as_strategy(generation_mode=mode), chosen=st.data())
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        def attacked(case: Any, chosen: Any) -> None:  # noqa: ANN401  schemathesis's own
            self._send(case, chosen)

        try:
            attacked()
        except Exception as wrong:  # noqa: BLE001  whatever a check finds
            found = wrong.exceptions[0] if isinstance(wrong, ExceptionGroup) else wrong
            self._fuzzed.wrong.setdefault(operation.label, f"{type(found).__name__}: {found}")

    def _send(self, case: Any, chosen: Any) -> None:  # noqa: ANN401  schemathesis's own
        for place in (case.path_parameters, case.query, case.body):
            if isinstance(place, dict):
                self._make_true(place, chosen)
        if isinstance(case.query, dict) and "wait" in case.query:
            case.query["wait"] = 0
        response = case.call(
            base_url=self._url, session=self._session, headers=self._headers, timeout=30
        )
        self._fuzzed.statuses[response.status_code] += 1
        case.validate_response(response, checks=CHECKED)
        kind = response.headers.get("content-type", [""])[0]
        if "json" in kind:
            told = response.json()
            self._fuzzed.learn(told)
            if kind == "application/problem+json":
                must_be_documented(case.operation, response.status_code, told["type"])

    def _make_true(self, place: dict[str, Any], chosen: Any) -> None:  # noqa: ANN401  schemathesis's own
        for name in place:
            known = self._fuzzed.known.get(SUBJECTS.get(name, name))
            if known and chosen.draw(st.integers(0, 3)):
                place[name] = chosen.draw(st.sampled_from(sorted(known)))


def must_be_documented(operation: Any, status: int, type_: str) -> None:  # noqa: ANN401  schemathesis's own
    content = operation.definition.raw["responses"][str(status)]["content"]
    types = content["application/problem+json"]["schema"]["properties"]["type"]["enum"]
    assert type_ in types, f"{operation.label}: {type_} is not documented for {status}"


def fuzz(world: World, examples: int, seed: int = 0) -> Fuzzed:
    """Attack every service as every kind of principal, and as nobody."""
    fuzzed = Fuzzed()
    for things in world.things.values():
        fuzzed.learn(things)
    fuzzed.learn([{"home_id": home_id} for home_id in world.homes.values()])
    fuzzed.learn([{"organisation_id": one} for one in world.organisations.values()])
    for url in world.urls.values():
        for key in (new_key(), *world.keys.values()):
            Fuzzer(url, key, fuzzed).run(examples, seed)
    return fuzzed
