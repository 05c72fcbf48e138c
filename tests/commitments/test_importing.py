"""A spreadsheet of payments, or of promises, is tried, told line by line, and taken whole."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from shared.contracts.rent_sponsorship import OWNER
from shared.ids import new_opaque_id
from tests.commitments.test_desk import PATH, Api, served
from tests.support.stack import MakeDatabase


@pytest.fixture
async def api(database: MakeDatabase) -> AsyncIterator[Api]:
    async with served(await database(OWNER)) as one:
        await one.home("h")
        await one.organisation("sponsor", "company", "h")
        yield one


async def sent(
    api: Api, sheet: str, query: str = "", kind: str = "text/csv", of: str = "payments"
) -> httpx2.Response:
    headers = {
        **api.partners["sponsor"].headers,
        "Idempotency-Key": new_opaque_id(),
        "Content-Type": kind,
    }
    content = sheet.encode("cp932")
    path = f"{PATH}/{of}:import{query}"
    return await api.client.post(path, content=content, headers=headers)


async def paid(api: Api, path: str) -> int:
    return sum(one["quantity"] for one in await api.items("sponsor", f"{path}/payments"))


async def test_a_sheet_is_tried_and_then_taken(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    name = path.removeprefix("/")
    sheet = f"約束ID,対象月,金額\r\n{name},平成23年8月,600\r\n,,\r\n"
    sheet += f"{name},H23.9,1000\r\n合計,,1600\r\n"
    tried = (await sent(api, sheet)).json()
    assert (tried["dry_run"], tried["lines"], tried["done"]) == (True, 2, 0)
    assert (tried["skipped_rows"], tried["bad"]) == ([3, 5], [])
    assert await paid(api, path) == 0
    done = (await sent(api, sheet, "?dry_run=false")).json()
    assert (done["done"], len(done["event_ids"])) == (2, 2)
    assert await paid(api, path) == 1_600


async def test_every_bad_line_is_named_and_nothing_is_done(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    name = path.removeprefix("/")
    sheet = (
        "約束ID,対象月,金額\r\n"
        f"{name},2011-13,600\r\n"  # no such month
        f"{name},2011-08,-5\r\n"
        f"{name},2011-08,600\r\n"
        f"{name},2011-08,600\r\n"  # 400 are left
        ",2011-08,1\r\n"
        "never-was,2011-08,1\r\n"
    )
    told = (await sent(api, sheet, "?dry_run=false")).json()
    assert [(one["row"], one["column"]) for one in told["bad"]] == [
        (2, "month"),
        (3, "amount_yen"),
        (5, ""),
        (6, "agreement_id"),
        (7, ""),
    ]
    assert all(one["rule"] for one in told["bad"])
    assert (told["lines"], told["done"]) == (6, 0)
    assert await paid(api, path) == 0


async def promised(api: Api, path: str) -> dict[str, int]:
    told = (await api.get("sponsor", path)).json()
    return {one["month"]: one["promised"] for one in told["months"]}


async def test_promises_are_tried_and_then_taken_all_or_none(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    name = path.removeprefix("/")
    head = "約束ID,開始月,終了月,金額,必要超過\r\n"
    sheet = f"{head}{name},平成23年8月,H23.9,９００円,\r\n{name},2011-10,2011-10,2000,true\r\n"
    before = await promised(api, path)
    tried = (await sent(api, sheet, of="promises")).json()
    assert (tried["dry_run"], tried["lines"], tried["done"], tried["bad"]) == (True, 2, 0, [])
    bad = f"{sheet}{name},2011-10,2011-09,1,\r\n{name},2011-10,2011-10,3000,\r\n"
    told = (await sent(api, bad, "?dry_run=false", of="promises")).json()
    assert [one["row"] for one in told["bad"]] == [4, 5]
    assert await promised(api, path) == before
    done = (await sent(api, sheet, "?dry_run=false", of="promises")).json()
    assert (done["done"], done["bad"]) == (2, [])
    assert await promised(api, path) == {"2011-08": 900, "2011-09": 900, "2011-10": 2_000}


@pytest.mark.parametrize("sheet", ["", "約束ID,備考\r\na,b\r\n", "約束ID\r\n"])
async def test_a_sheet_that_says_nothing_that_is_known_is_refused(api: Api, sheet: str) -> None:
    answer = await sent(api, sheet)
    assert answer.json()["type"] == "urn:yui:problem:sheet-unreadable"


async def test_a_sheet_is_taken_as_csv_alone(api: Api) -> None:
    assert (await sent(api, "a", kind="text/plain")).status_code == 415
