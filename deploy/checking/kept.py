"""Seals that somebody has kept, one line of JSON each, as they are published and saved."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.problem import Problem

FIELDS: Final = ("home_id", "month", "links", "link_hash", "seal_hash")


def read_seals(path: Path | None) -> Sequence[tuple[object, ...]]:
    if path is None:
        return ()
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise Problem(
            f"{path} cannot be read: {error.strerror}", "Name a readable file"
        ) from error
    return [_seal(path, number, line) for number, line in enumerate(lines, start=1)]


def _seal(path: Path, number: int, line: str) -> tuple[object, ...]:
    try:
        told = json.loads(line)
        return tuple(told[name] for name in FIELDS)
    except (ValueError, KeyError, TypeError) as error:
        raise Problem(
            f"line {number} of {path} is no seal", "Give what `yui seals save` has written"
        ) from error
