"""Keys that organisations manage themselves: made for a role, replaced, ended, everywhere."""

import asyncio
from typing import Final
from urllib.parse import urlsplit

import httpx2

from shared.access.keys import ApiKey, parse_key
from shared.ids import new_opaque_id
from tests.access.world import World
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually

WITHIN_S: Final = 5
OPENS: Final = "/v1/key-uses"


async def issued(peopled: World, **limits: object) -> ApiKey:
    answer = await peopled.caller("organisations", "administrator").done(keys(peopled), limits)
    key = parse_key(answer["key"])
    assert key is not None
    return key


def keys(peopled: World) -> str:
    return f"/v1/organisations/{peopled.organisations['ours']}/keys"


async def statuses(peopled: World, key: ApiKey) -> set[int]:
    asked = (Caller(url, key).get(OPENS) for url in peopled.urls.values())
    return {response.status_code for response in await asyncio.gather(*asked)}


async def opens_everywhere(peopled: World, key: ApiKey, status: int = 200) -> None:
    async def holds() -> None:
        found = await statuses(peopled, key)
        assert found == {status}, found

    await assert_eventually(holds, within_seconds=WITHIN_S)


async def test_a_revoked_key_opens_nothing_anywhere_within_seconds(peopled: World) -> None:
    key = await issued(peopled)
    await opens_everywhere(peopled, key)
    administrator = peopled.caller("organisations", "administrator")
    assert (await administrator.delete(f"{keys(peopled)}/{key.key_id}")).is_success
    await opens_everywhere(peopled, key, 401)


async def test_a_key_and_its_successor_both_open_for_a_while(peopled: World) -> None:
    administrator = peopled.caller("organisations", "administrator")
    limits = {"role": "service", "scopes": ["read_keys", "read_home"]}
    old = await issued(peopled, **limits)
    answer = await administrator.done(f"{keys(peopled)}/{old.key_id}/rotate", {"overlap_hours": 1})
    new = parse_key(answer["key"])
    assert new is not None
    by_id = {one["key_id"]: one for one in await listed(peopled)}
    assert by_id[new.key_id]["role"] == "service"
    assert by_id[new.key_id]["scopes"] == ["read_home", "read_keys"]
    assert by_id[old.key_id]["expires_at"] is not None
    for key in (old, new):
        assert (
            await Caller(peopled.urls["organisations"], key).get("/v1/homes/x/parties")
        ).status_code == 404

    again = await administrator.done(f"{keys(peopled)}/{new.key_id}/rotate", {"overlap_hours": 0})
    last = parse_key(again["key"])
    assert last is not None
    rent = peopled.urls["rent_sponsorship"]

    async def has_given_way() -> None:
        assert (await Caller(rent, new).get("/v1/rent-agreements")).status_code == 401
        assert (await Caller(rent, last).get("/v1/rent-agreements")).status_code == 200

    await assert_eventually(has_given_way, within_seconds=WITHIN_S)
    ended = f"{keys(peopled)}/{new.key_id}/rotate"
    assert await administrator.refused(ended, {}) == "key-ended"


async def listed(peopled: World) -> list[dict[str, object]]:
    path = f"{keys(peopled)}?limit=500"
    return list((await peopled.caller("organisations", "administrator").read(path))["items"])


async def test_nobody_gives_another_key_more_than_its_own_may(peopled: World) -> None:
    narrow = await issued(peopled, scopes=["manage_keys", "read_keys"])
    its_own = Caller(peopled.urls["organisations"], narrow)
    assert await its_own.refused(keys(peopled), {}) == "not-allowed"
    wider = {"role": "member", "scopes": ["contribute"]}
    assert await its_own.refused(keys(peopled), wider) == "not-allowed"
    await its_own.done(keys(peopled), {"scopes": ["read_keys"]})


async def test_a_key_tells_when_it_was_used_last_and_is_not_written_each_time(
    peopled: World,
) -> None:
    key = await issued(peopled)
    await opens_everywhere(peopled, key)
    administrator = peopled.caller("volunteers", "administrator")

    async def is_told() -> bool:
        uses = (await administrator.read(f"{OPENS}?limit=500"))["items"]
        return key.key_id in {one["key_id"] for one in uses}

    await assert_eventually(is_told, within_seconds=60)


async def test_a_live_tail_ends_when_its_key_is_revoked(peopled: World) -> None:
    key = await issued(peopled, role="reader")
    log = peopled.urls["eventlog"]
    await opens_everywhere_for_reading(log, key)
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(base_url=log, timeout=30) as client,
        client.stream("GET", "/v1/tail", headers=headers) as tail,
    ):
        assert tail.status_code == 200
        administrator = peopled.caller("organisations", "administrator")
        assert (await administrator.delete(f"{keys(peopled)}/{key.key_id}")).is_success
        async with asyncio.timeout(WITHIN_S + 5):
            async for _ in tail.aiter_bytes():
                pass
    assert (await Caller(log, key).get("/v1/tail")).status_code == 401


async def opens_everywhere_for_reading(url: str, key: ApiKey) -> None:
    async def opens() -> bool:
        return (await Caller(url, key).get("/v1/events?limit=1")).status_code == 200

    await assert_eventually(opens, within_seconds=WITHIN_S)


async def test_a_key_that_is_revoked_while_its_body_is_on_the_way_does_nothing(
    peopled: World,
) -> None:
    key = await issued(peopled, role="member")
    url = urlsplit(peopled.urls["rent_sponsorship"])
    rent = Caller(peopled.urls["rent_sponsorship"], key)

    async def status() -> int:
        return (await rent.get("/v1/rent-agreements")).status_code

    async def opens() -> bool:
        return await status() == 200

    async def is_closed() -> bool:
        return await status() == 401

    await assert_eventually(opens, within_seconds=WITHIN_S)
    body = b'{"home_id": "%s"}' % peopled.homes["own"].encode()
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    head = (
        f"POST /v1/rent-agreements HTTP/1.1\r\nHost: {url.netloc}\r\n"
        f"Authorization: Bearer {key}\r\nIdempotency-Key: {new_opaque_id()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body[:5])
    await writer.drain()
    administrator = peopled.caller("organisations", "administrator")
    assert (await administrator.delete(f"{keys(peopled)}/{key.key_id}")).is_success
    await assert_eventually(is_closed, within_seconds=WITHIN_S)
    writer.write(body[5:])
    await writer.drain()
    assert b" 401 " in await reader.readline()
    writer.close()
    await writer.wait_closed()
