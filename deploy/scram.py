"""Users of Kafka: the request that its client does not speak, AlterUserScramCredentials."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Final

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

SHA_512: Final = 2
ITERATIONS: Final = 4096
"""Kafka's least. The passwords are 192 random bits: nobody finds them by trying."""
SALT_BYTES: Final = 24


class AlterUsersResponse(Response):  # type: ignore[misc]  # the client ships no types
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class AlterUsersStruct(RequestStruct):  # type: ignore[misc]  # as above
    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = AlterUsersResponse
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(
                ("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields)
            ),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class AlterUsers(Request[AlterUsersStruct]):  # type: ignore[misc]  # as above
    """Gives each user its password, one that is there already included."""

    API_KEY = 51

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self._passwords = passwords

    def build(self, request_struct_class: Any) -> Any:  # noqa: ANN401 - as above
        told = [_upsertion(name, password) for name, password in self._passwords.items()]
        return request_struct_class([], told, {})


def _upsertion(name: str, password: str) -> tuple[object, ...]:
    salt = secrets.token_bytes(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return name, SHA_512, ITERATIONS, salt, salted, {}
