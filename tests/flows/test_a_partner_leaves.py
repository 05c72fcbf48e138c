"""A sponsor leaves: it takes its own facts along, and what it has promised ends by its terms."""

import csv
import io
import json
import tarfile
from typing import Any

from tests.support.asks import NEED, Neighbourhood, neighbourhood, sponsored
from tests.support.eventually import assert_eventually
from tests.support.stack import MakeDatabase, Stack


async def archive(here: Neighbourhood, name: str) -> dict[str, str]:
    """What somebody takes along, by the name of each file."""
    answer = await here.asking(name, "eventlog").get("/v1/archive")
    assert answer.is_success, answer.text
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as files:
        return {
            entry.name: content.read().decode()
            for entry in files
            if (content := files.extractfile(entry)) is not None
        }


def facts(files: dict[str, str]) -> list[dict[str, Any]]:
    texts = [text for name, text in files.items() if name.endswith(".jsonl")]
    return [json.loads(line) for text in texts for line in text.splitlines()]


async def test_who_leaves_takes_its_facts_along_and_its_promises_end_by_its_terms(
    stack: Stack, database: MakeDatabase
) -> None:
    here = await neighbourhood(stack, database, "eventlog")
    agreement = await sponsored(here)
    await here.it_is("2011-12-10")
    left = {"organisation_id": here.ids["sponsor"], "sector": "company"}
    operator = here.operating("organisations")
    await operator.done(f"/v1/homes/{here.home_id}/parties/leave", left)

    async def has_ended() -> None:
        told = await here.operating("rent_sponsorship").read(agreement)
        assert told["withdrawn_from"] == "2012-03", "two months' notice from 10 December"

    await assert_eventually(has_ended)
    gone = await here.asking("sponsor", "rent_sponsorship").get(agreement)
    assert gone.status_code == 404

    async def is_asked_of_others() -> None:
        (ask,) = await here.asks()
        assert [one["quantity"] for one in ask["months"]] == [NEED, NEED]

    await assert_eventually(is_asked_of_others)

    async def is_whole() -> None:
        files = await archive(here, "sponsor")
        names = {fact["type"].split(".")[1] for fact in facts(files)}
        assert {
            "RentAgreementSigned",
            "RentPromised",
            "RentSponsorshipWithdrawn",
            "PartyLeft",
        } <= names

    await assert_eventually(is_whole)
    files = await archive(here, "sponsor")
    own = here.ids["sponsor"]
    assert {fact["body"]["organisation_id"] for fact in facts(files)} == {own}
    others = {one for name, one in here.ids.items() if name != "sponsor"}
    assert [one for one in others if any(one in text for text in files.values())] == []
    assert "facts.jsonl" in files["README.txt"]
    rows = list(
        csv.DictReader(io.StringIO(files["rent_sponsorship/RentSponsorshipWithdrawn.csv"]))
    )
    assert [row["from_month"] for row in rows] == ["2012-03"]
    assert "rent_sponsorship/facts.jsonl" not in await archive(here, "baker")
