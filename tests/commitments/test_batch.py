"""Many lines in one request: each has its own outcome, or none has an effect."""

from collections.abc import AsyncIterator

import pytest

from shared.commitments.batch import LINES_MAX
from shared.contracts.rent_sponsorship import OWNER
from tests.commitments.test_desk import Api, served
from tests.support.stack import MakeDatabase


@pytest.fixture
async def api(database: MakeDatabase) -> AsyncIterator[Api]:
    async with served(await database(OWNER)) as one:
        await one.home("h")
        await one.home("other-home")
        await one.organisation("sponsor", "company", "h")
        await one.organisation("stranger", "company", "other-home")
        yield one


def payment(path: str, month: str, yen: int) -> dict[str, object]:
    return {"agreement_id": path.removeprefix("/"), "month": month, "amount_yen": yen}


async def paid(api: Api, path: str) -> int:
    return sum(one["quantity"] for one in await api.items("sponsor", f"{path}/payments"))


async def test_each_line_has_its_own_outcome(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    theirs = await api.agreement("stranger", "other-home")
    lines = [
        payment(path, "2011-08", 600),
        payment(path, "2011-08", 600),  # only 400 are left
        payment(theirs, "2011-08", 1),
        payment("/never-was", "2011-08", 1),
        payment(path, "2011-08", 400),
    ]
    told = await api.done("sponsor", "/payments:batch", {"lines": lines})
    assert (told["done"], told["refused"], len(told["event_ids"])) == (2, 3, 2)
    rules = [one.get("problem", {}).get("type", "").rpartition(":")[2] for one in told["outcomes"]]
    assert rules[0] == rules[4] == ""
    assert rules[1] == "delivery-beyond-promise"
    assert [one["problem"]["status"] for one in told["outcomes"][2:4]] == [404, 404]
    assert await paid(api, path) == 1_000


async def test_all_or_nothing_leaves_nothing_where_a_line_fails_and_names_it(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    lines = [payment(path, "2011-08", 600), payment(path, "2011-08", 600)]
    body = {"lines": lines, "all_or_nothing": True}
    answer = await api.post("sponsor", "/payments:batch", body)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:yui:problem:batch-refused"
    assert [one["field"] for one in answer.json()["errors"]] == ["body.lines.1"]
    assert await paid(api, path) == 0
    fitting = {"lines": [lines[0]], "all_or_nothing": True}
    assert (await api.done("sponsor", "/payments:batch", fitting))["done"] == 1


async def test_a_batch_that_is_sent_again_has_one_effect(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    body = {"lines": [payment(path, "2011-08", 100)] * 3}
    first, again = [await api.post("sponsor", "/payments:batch", body, "once") for _ in range(2)]
    assert first.json() == again.json()
    assert await paid(api, path) == 300


async def test_promises_are_made_line_by_line(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    line = {
        "agreement_id": path.removeprefix("/"),
        "from_month": "2011-09",
        "through_month": "2011-09",
    }
    lines = [{**line, "amount_yen": 900}, {**line, "amount_yen": 1_100}]
    told = await api.done("sponsor", "/promises:batch", {"lines": lines})
    assert (told["done"], told["refused"]) == (1, 1)
    months = (await api.get("sponsor", path)).json()["months"]
    assert [month["promised"] for month in months if month["month"] == "2011-09"] == [900]


async def test_a_batch_holds_at_most_a_thousand_lines_and_takes_them(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    lines = [payment(path, "2011-08", 1) for _ in range(LINES_MAX)]
    assert (await api.done("sponsor", "/payments:batch", {"lines": lines}))["done"] == LINES_MAX
    answer = await api.post("sponsor", "/payments:batch", {"lines": [*lines, lines[0]]})
    assert answer.status_code == 422
