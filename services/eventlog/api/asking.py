"""Which events a caller asks for, and which it may see."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from asyncpg import Record
from fastapi import Depends, Query
from pydantic import AwareDatetime

from shared.contracts.event import Id
from shared.contracts.registry import EVENTS_BY_TYPE
from shared.http.callers import Reader, Reading


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter, and who asks: what is visible is looked up anew for every page."""

    caller: Reading
    home_id: str | None
    types: Sequence[str] | None
    topic: str | None
    correlation: str | None
    recorded_from: datetime | None
    recorded_until: datetime | None
    stream: str | None

    async def arguments(self) -> tuple[object, ...]:
        """The first seven arguments of the statements that filter.

        Who follows the tail shows its key once, and is asked here whether it opens still.
        """
        await self.caller.must_still_be_admitted()
        return (
            await self._homes(),
            self.types,
            self.topic,
            self.correlation,
            self.recorded_from,
            self.recorded_until,
            self.stream,
        )

    async def _homes(self) -> list[str] | None:
        if self.home_id is None:
            return await self.caller.homes()
        await self.caller.must("read_home", home_id=self.home_id)
        return [self.home_id]


Text = Annotated[str | None, Query(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]


async def _asked(
    caller: Reader,
    home_id: Id | None = None,
    event_type: Annotated[Text, Query(alias="type")] = None,
    topic: Text = None,
    correlation: Text = None,
    recorded_from: AwareDatetime | None = None,
    recorded_until: AwareDatetime | None = None,
    stream: Text = None,
) -> Asked:
    types = None if event_type is None else _types(event_type)
    return Asked(caller, home_id, types, topic, correlation, recorded_from, recorded_until, stream)


def _types(name: str) -> list[str]:
    """The whole type, or, for people, without its owner or its version."""
    known = [known for known in EVENTS_BY_TYPE if name in (known, *_short_names(known))]
    return known or [name]


def _short_names(type_name: str) -> tuple[str, str]:
    _, name, version = type_name.split(".")
    return f"{name}.{version}", name


Asking = Annotated[Asked, Depends(_asked)]


async def visible(caller: Reading, rows: Sequence[Record]) -> list[Record]:
    """Those of some events that the caller may see: all for an operator, else its homes'."""
    homes = await caller.homes()
    return [row for row in rows if _is_visible(row, homes)]


def _is_visible(row: Record, homes: Collection[str] | None) -> bool:
    return homes is None or (row["home_id"] is not None and row["home_id"] in homes)


async def told(caller: Reading, rows: Iterable[Record]) -> list[dict[str, Any]]:
    """Events as JSON, as the caller may read them."""
    told: list[dict[str, Any]] = await caller.told([described(row) for row in rows])
    return told


def described(row: Record | Mapping[str, Any]) -> dict[str, Any]:
    """An event as JSON: the envelope, where it lies, and the fact itself."""
    return {
        "event_id": str(row["event_id"]),
        "type": row["type"],
        "stream": row["stream"],
        "version": row["version"],
        "home_id": row["home_id"],
        "recorded_at": row["recorded_at"].isoformat(),
        "correlation": row["correlation"],
        "causation": row["causation"] and str(row["causation"]),
        "source": row["source"],
        "topic": row["topic"],
        "partition": row["partition"],
        "offset": row["offset"],
        "key": row["key"],
        "traceparent": row["traceparent"],
        "logged_at": row["logged_at"].isoformat(),
        "body": _body(row["body"]),
    }


def _body(body: bytes) -> Any:  # noqa: ANN401  any JSON value
    """The fact; where a body is not JSON, its bytes."""
    try:
        return json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return f"hex:{body.hex()}"


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and the infinities are not JSON, whatever json.loads says
