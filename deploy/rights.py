"""Users and rights in Kafka are what this release declares, in whatever state they were before."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import (
    CreateAclsRequest_v1,
    DeleteAclsRequest_v1,
    DescribeAclsRequest,
)
from aiokafka.protocol.api import Request

from deploy import principals
from deploy.kafka import quiet
from deploy.principals import OPERATOR, Kind, Operation, Right
from deploy.problem import Problem
from deploy.scram import AlterUsers
from deploy.state import State
from shared.kafka import PLAIN, hosts_of, reach, reaching

ANY: Final = 1
LITERAL: Final = 3
ALLOW: Final = 3
KINDS: Final[dict[Kind, int]] = {"topic": 2, "group": 3}
OPERATIONS: Final[dict[Operation, int]] = {"read": 3, "write": 4}
LET_IN_SECONDS: Final = 15
POLL_S: Final = 0.05

Rule: TypeAlias = tuple[int, str, int, str, str, int, int]
"""A right in Kafka's words: kind, name, pattern, principal, host, operation, permission."""


class CreateRules(Request[CreateAclsRequest_v1]):  # type: ignore[misc]  # the client ships no types
    """The client's own carries one rule a request."""

    API_KEY = 30

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = list(rules)

    def build(self, request_struct_class: Any) -> Any:  # noqa: ANN401 - as above
        return request_struct_class(self._rules)


class DeleteRules(Request[DeleteAclsRequest_v1]):  # type: ignore[misc]  # as above
    API_KEY = 31

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = list(rules)

    def build(self, request_struct_class: Any) -> Any:  # noqa: ANN401 - as above
        return request_struct_class(self._rules)


async def declare(state: State, bootstrap: str) -> None:
    """Let each principal in, to do what is its own and nothing else; twice changes nothing.

    Brokers that do not ask who comes, or are given with one login for all, are left as they are.
    """
    if not principals.ask(bootstrap):
        return
    keeper = principals.reached_by(state, principals.BROKER, bootstrap)
    with quiet():  # the client warns of each password in the clear
        client = AIOKafkaClient(**reaching(keeper, PLAIN), request_timeout_ms=15_000)
        try:
            await client.bootstrap()
            await _declare_users(client, state)
            await _declare_rights(client)
            await _let_in(principals.reached_by(state, OPERATOR, bootstrap))
        except (KafkaError, OSError) as error:
            raise Problem(
                f"Kafka at {hosts_of(bootstrap)} takes no users and rights: {error}",
                "Look at `yui status`, or at YUI_KAFKA_BOOTSTRAP if you set it",
            ) from error
        finally:
            await client.close()


async def _declare_users(client: Any, state: State) -> None:  # noqa: ANN401 - as above
    passwords = {name: principals.password(state, name) for name in principals.USERS}
    response = await client.send(client.get_random_node(), AlterUsers(passwords))
    for _, code, message, _ in response.results:
        _require_done(code, message)


async def _declare_rights(client: Any) -> None:  # noqa: ANN401 - as above
    declared = {rule(right) for right in principals.rights()}
    found = await _ours(client)
    if missing := declared - found:
        response = await client.send(client.get_random_node(), CreateRules(missing))
        for code, message in response.creation_responses:
            _require_done(code, message)
    if taken := found - declared:
        response = await client.send(client.get_random_node(), DeleteRules(taken))
        for code, message, _ in response.filter_responses:
            _require_done(code, message)


async def _ours(client: Any) -> set[Rule]:  # noqa: ANN401 - as above
    """Return the rules of our own users: others' on brokers that are given are not ours."""
    every = DescribeAclsRequest(ANY, None, ANY, None, None, ANY, ANY)
    response = await client.send(client.get_random_node(), every)
    _require_done(response.error_code, response.error_message)
    users = {f"User:{name}" for name in principals.USERS}
    return {
        (kind, name, pattern, who, host, operation, permission)
        for kind, name, pattern, rules in response.resources
        for who, host, operation, permission in rules
        if who in users
    }


def rule(right: Right) -> Rule:
    kind, operation = KINDS[right.kind], OPERATIONS[right.operation]
    return kind, right.name, LITERAL, f"User:{right.principal}", "*", operation, ALLOW


def _require_done(code: int, message: str | None) -> None:
    if code:
        raise for_code(code)(message)


async def _let_in(bootstrap: str) -> None:
    """Wait until each broker has heard of its users: one may tell them to the others."""
    who, _, hosts = bootstrap.rpartition("@")
    deadline = time.monotonic() + LET_IN_SECONDS
    for host in hosts.split(","):
        while True:
            try:
                await reach(f"{who}@{host}")
            except (KafkaError, OSError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(POLL_S)
            else:
                break
