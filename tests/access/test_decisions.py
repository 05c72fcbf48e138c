"""Each endpoint answers each kind of principal as the table says that people read."""

from collections.abc import Iterator, Sequence
from typing import Final

import httpx2

from tests.access.endpoints import ASKS, Endpoint
from tests.access.table import EVERY_SERVICE, RELATIONS, Decisions, decisions_by_endpoint
from tests.access.world import Things, World
from tests.support.answering import told

DENIED: Final = frozenset({401, 403, 404})
BEFORE_ANY_DECISION: Final = frozenset({400, 405, 411, 413, 415})
PARTNERS: Final = ("administrator", "member", "reader", "caregiver", "service")


def decided(endpoint: Endpoint) -> Decisions:
    table = decisions_by_endpoint()
    name = str(endpoint)
    return table.get((endpoint.service, name)) or table[EVERY_SERVICE, name]


def answer(response: httpx2.Response) -> str:
    """The decision that a response tells; a domain's own refusal comes after it was allowed."""
    if response.status_code in DENIED:
        return str(response.status_code)
    is_invalid = response.status_code == 422 and "problem:invalid-request" in response.text
    if is_invalid or response.status_code in BEFORE_ANY_DECISION or response.is_server_error:
        return f"{response.status_code} {response.text}"
    return "yes"


def relations(decision: Sequence[str]) -> Sequence[str]:
    """One decision needs no relation: our own stands for all."""
    return RELATIONS[: len(decision)]


async def test_an_endpoint_has_its_row_and_a_row_its_endpoint(peopled: World) -> None:
    listed = {(endpoint.service, str(endpoint)) for endpoint in peopled.found}
    table = set(decisions_by_endpoint())
    shared = {name for service, name in table if service == EVERY_SERVICE}
    without = {one for one in listed - table if one[1] not in shared}
    assert without == set(), "write its row into tests/access/decisions.md"
    gone = {(service, name) for service, name in table - listed if service != EVERY_SERVICE}
    assert gone == set(), "there is no such endpoint"
    assert shared <= {name for _, name in listed}


async def test_each_endpoint_decides_for_each_kind_of_principal_as_the_table_says(
    peopled: World,
) -> None:
    differing = [
        f"{endpoint.service} {endpoint} · {kind} · {relation}: {expected}, but {found}"
        for endpoint in peopled.found
        for kind, decision in decided(endpoint).items()
        for relation, expected in zip(relations(decision), decision, strict=True)
        if (
            found := answer(
                await peopled.ask(endpoint, peopled.keys[kind], peopled.meant(endpoint, relation))
            )
        )
        != expected
    ]
    assert not differing, "\n".join(differing)


async def test_nobody_is_answered_without_credentials(peopled: World) -> None:
    answered = {
        str(endpoint): response.status_code
        for endpoint in peopled.found
        if (
            response := await peopled.ask(endpoint, "nobody", peopled.meant(endpoint, "own"))
        ).status_code
        != 401
    }
    assert answered == {}


Asked = tuple[Things, dict[str, str]]
"""What the names in a path and a body mean, and the query."""


async def test_what_is_anothers_looks_like_what_never_was(peopled: World) -> None:
    for endpoint in peopled.found:
        for kind in PARTNERS:
            for pair in _pairs(peopled, endpoint):
                seen, unseen = [
                    told(await peopled.ask(endpoint, peopled.keys[kind], things, **query))
                    for things, query in pair
                ]
                assert seen == unseen, f"{kind}: {endpoint}"


def _pairs(peopled: World, endpoint: Endpoint) -> Iterator[tuple[Asked, Asked]]:
    """The same request for something foreign, and for what never was."""
    foreign, missing = peopled.meant(endpoint, "foreign"), peopled.missing(endpoint)
    if endpoint.ids or endpoint.is_about_a_home:
        yield (foreign, {}), ({**foreign, **missing}, {})
    if endpoint.asks_for_a_home and endpoint.noun not in ASKS:
        home, none = foreign["home_id"], missing["home_id"]
        yield (foreign, {"home_id": home}), (foreign, {"home_id": none})
