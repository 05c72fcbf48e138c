"""Two who edit one thing: the second is told that it has changed, and nothing is done."""

import asyncio
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


async def changed(api: Api, path: str, yen: int, etag: str) -> httpx2.Response:
    body = {"from_month": "2011-09", "amount_yen": yen}
    headers = {
        **api.partners["sponsor"].headers,
        "Idempotency-Key": new_opaque_id(),
        "If-Match": etag,
    }
    return await api.client.post(f"{PATH}{path}/promises", json=body, headers=headers)


async def test_of_two_edits_of_one_etag_one_is_done(api: Api) -> None:
    path = await api.agreement("sponsor", "h")
    etag = (await api.get("sponsor", path)).headers["ETag"]
    answers = await asyncio.gather(*(changed(api, path, yen, etag) for yen in (100, 200)))
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    (refused,) = [answer for answer in answers if answer.status_code == 412]
    assert refused.json()["type"] == "urn:yui:problem:version-changed"
    again = (await api.get("sponsor", path)).headers["ETag"]
    assert again != etag
    assert (await changed(api, path, 300, again)).is_success


@pytest.mark.parametrize(("etag", "status"), [("*", 200), ("3", 422), ('W/"3"', 422)])
async def test_an_etag_is_sent_as_it_was_told(api: Api, etag: str, status: int) -> None:
    path = await api.agreement("sponsor", "h")
    assert (await changed(api, path, 100, etag)).status_code == status
