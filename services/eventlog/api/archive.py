"""What an organisation takes along when it leaves: its own facts, of every service."""

import io
import tarfile
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Response

from services.eventlog import repository as sql
from services.eventlog.api.asking import described
from services.eventlog.api.events import ENDS
from shared.http.answers import Json
from shared.http.callers import Reader
from shared.http.pages import table
from shared.postgres import Pool

ENCODER: Final = msgspec.json.Encoder()
MEDIA_TYPE: Final = "application/x-tar"
ROWS_AT_ONCE: Final = 5_000
README: Final = """\
All that Yui has recorded of your organisation's own: what it has promised, delivered, offered and
declared, its keys (by the hash of each), its part in homes.
貴団体について記録された事実のすべてです。

SERVICE/facts.jsonl       every fact with its envelope, oldest first, a line each (JSON, UTF-8)
SERVICE/TYPE.csv          the same, a table for each type of fact (CSV, UTF-8)

Months are 2026-04, times UTC, quantities in the unit of their resource. People whom you have
registered are in none of these files: export each with GET /v1/people/{person_id}.
"""
SAID: Final[Json] = {
    "response_class": Response,
    "responses": {
        200: {
            "description": "OK",
            "content": {
                MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}, "example": "README"}
            },
        }
    },
}

Fact = Mapping[str, Any]


def create_archive_router(pool: Pool) -> APIRouter:
    router = APIRouter()

    @router.get("/archive", **SAID)
    async def archive(caller: Reader) -> Response:
        """Take along all facts of the caller's own organisation, from homes that it left, too."""
        own = caller.principal.organisation_id
        await caller.must("take_away", organisation_id=own)
        facts = await caller.told([fact async for fact in _facts(pool, own)])
        headers = {"Content-Disposition": 'attachment; filename="yui-archive.tar"'}
        return Response(_tar(_files(facts)), media_type=MEDIA_TYPE, headers=headers)

    return router


async def _facts(pool: Pool, own: str) -> AsyncIterator[Fact]:
    """Found by whose they are alone: the wall knows only the homes that it is party to now."""
    place = ENDS["oldest"]
    while True:
        rows = await pool.fetch(sql.NAMING_ONE, own, *place, ROWS_AT_ONCE)
        for row in rows:
            fact = described(row)
            if isinstance(fact["body"], dict) and fact["body"].get("organisation_id") == own:
                yield fact
        if len(rows) < ROWS_AT_ONCE:
            return
        place = rows[-1]["recorded_at"], rows[-1]["event_id"]


def _files(facts: Sequence[Fact]) -> Iterator[tuple[str, bytes]]:
    yield "README.txt", README.encode()
    of_owner, of_type = defaultdict(list), defaultdict(list)
    for fact in facts:
        owner, name, _ = fact["type"].split(".")
        of_owner[owner].append(fact)
        of_type[owner, name].append(_row(fact))
    for owner, told in sorted(of_owner.items()):
        yield f"{owner}/facts.jsonl", b"".join(ENCODER.encode(fact) + b"\n" for fact in told)
    for (owner, name), rows in sorted(of_type.items()):
        yield f"{owner}/{name}.csv", bytes(table(_even(rows)).body)


def _row(fact: Fact) -> Fact:
    envelope = ("event_id", "recorded_at", "stream", "version", "correlation")
    return {**{name: fact[name] for name in envelope}, **fact["body"]}


def _even(rows: Sequence[Fact]) -> list[Fact]:
    """With the same columns throughout: a later release's facts may say more."""
    columns = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in columns} for row in rows]


def _tar(files: Iterable[tuple[str, bytes]]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, text in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return content.getvalue()
