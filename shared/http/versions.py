"""Which version of a thing was read by whoever changes it: `ETag` out, `If-Match` in."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Depends, Header
from fastapi.responses import JSONResponse

from shared.refusal import Refusal

ETAG: Final = r'^(\*|"[0-9]{1,18}")$'


class VersionChanged(Refusal):
    """What was read has changed meanwhile: read it again, and decide anew."""

    status = 412
    japanese = "読んだ後に変更されています。もう一度読んでからお決めください。"


def _if_match(
    if_match: Annotated[
        str | None,
        Header(
            pattern=ETAG,
            description="The `ETag` that was read: where it has changed since, nothing is done.",
        ),
    ] = None,
) -> int | None:
    return None if if_match is None or if_match == "*" else int(if_match.strip('"'))


AskedVersion: TypeAlias = Annotated[int | None, Depends(_if_match)]
"""The version that must stand still; none: any."""


def must_be(asked: int | None, version: int) -> None:
    if asked is not None and asked != version:
        raise VersionChanged(f"version {version}")


def versioned(told: Mapping[str, Any]) -> JSONResponse:
    """What is told with its `version`, which is its `ETag`."""
    return JSONResponse(dict(told), headers={"ETag": f'"{told["version"]}"'})
