"""The event log: what was published is found, explained and followed, each event once."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2
import pytest
from msgspec.structs import replace

from deploy.database import Database
from shared.access.keys import ApiKey, new_key
from shared.clock import now
from shared.contracts.event import Event
from shared.contracts.homes import CapacityChanged
from shared.contracts.organisations import KeyIssued, OrganisationRegistered
from shared.contracts.resources import RENT
from shared.envelope import to_headers
from shared.ids import new_opaque_id
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce, announce_home
from tests.support.publishing import Publisher
from tests.support.stack import ServiceProcess, Stack

BURST = 2_000
HOMES = 40
CUT_AFTER = 700
FROM_DAY = "2011-08-01"


@dataclass(frozen=True)
class Operator:
    organisation_id: str = field(default_factory=new_opaque_id)
    key: ApiKey = field(default_factory=new_key)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


async def announce_operator(publisher: Publisher, operator: Operator) -> None:
    await publisher.publish(
        OrganisationRegistered(
            organisation_id=operator.organisation_id, sectors=(), operates_yui=True
        ),
        KeyIssued(
            organisation_id=operator.organisation_id,
            key_id=operator.key.key_id,
            secret_sha256=operator.key.secret_sha256,
        ),
    )


@dataclass
class Reader:
    """Somebody with a key, before a running event log."""

    log: ServiceProcess
    headers: dict[str, str]

    async def response(self, path: str, **query: Any) -> httpx2.Response:  # noqa: ANN401  as httpx2's
        headers = {**self.headers, **query.pop("headers", {})}
        async with httpx2.AsyncClient(base_url=self.log.url) as client:
            return await client.get(f"/v1{path}", params=query, headers=headers)

    async def get(self, path: str, **query: Any) -> Any:  # noqa: ANN401  any JSON
        response = await self.response(path, **query)
        assert response.is_success, response.text
        return response.json()

    async def ids(self, **query: object) -> list[str]:
        return [one["event_id"] for one in (await self.get("/events", **query))["items"]]

    async def tail(
        self, *, last_event_id: str | None = None, **query: str | int
    ) -> AsyncGenerator["Line", None]:
        headers = dict(self.headers)
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        async with (
            httpx2.AsyncClient(base_url=self.log.url, timeout=20) as client,
            client.stream("GET", "/v1/tail", params=query, headers=headers) as response,
        ):
            assert response.is_success, (await response.aread()).decode()
            line = Line()
            async for text in response.aiter_lines():
                if not text:
                    yield line
                    line = Line()
                name, _, value = text.partition(": ")
                if name == "id":
                    line.place = value
                elif name == "data":
                    line.data = json.loads(value)
                elif name == "event":
                    line.event = value


@dataclass
class Line:
    """One server-sent event; without data, it only moves the reader's place."""

    place: str = ""
    event: str = "message"
    data: dict[str, Any] | None = None


@dataclass
class World:
    """What the tests of this file share: a joining consumer takes seconds to be let in."""

    database: Database
    rent: ServiceProcess
    log: ServiceProcess
    publisher: Publisher
    operator: Operator


@pytest.fixture(scope="module")
async def world(stack: Stack) -> AsyncIterator[World]:
    database = await stack.database("rent_sponsorship", "eventlog")
    rent, log = (stack.process(name, database) for name in ("rent_sponsorship", "eventlog"))
    operator = Operator()
    try:
        rent.launch()
        log.launch()
        await asyncio.gather(rent.ready(), log.ready())
        async with Publisher(stack.kafka_bootstrap) as publisher:
            await announce_operator(publisher, operator)
            yield World(database, rent, log, publisher, operator)
    finally:
        rent.kill()
        log.kill()
        await stack.drop(database)


@pytest.fixture
def publisher(world: World) -> Publisher:
    return world.publisher


@pytest.fixture
async def reader(world: World) -> Reader:
    """Return an operator who reads the event log."""
    found = Reader(world.log, world.operator.headers)
    await known(found)
    return found


async def known(reader: Reader) -> None:
    """Wait until the log knows the reader's key."""

    async def is_known() -> bool:
        return (await reader.response("/events")).is_success

    await assert_eventually(is_known)


async def caused(
    publisher: Publisher, event: Event, version: int, cause: UUID | None, correlation: str
) -> UUID:
    envelope = replace(
        publisher.envelope(event, version), causation=cause, correlation=correlation
    )
    await publisher.send(event, envelope)
    return envelope.event_id


def places(home_id: str, capacity: int = 4) -> CapacityChanged:
    return CapacityChanged(
        home_id=home_id,
        capacity=capacity,
        from_day=FROM_DAY,
    )


async def logged(reader: Reader, *event_ids: UUID) -> None:
    async def are_there() -> bool:
        answers = [await reader.response(f"/events/{one}") for one in event_ids]
        return all(answer.is_success for answer in answers)

    await assert_eventually(are_there)


# --- Found and explained


async def test_what_a_service_publishes_is_found_by_home_type_time_and_request(
    world: World, publisher: Publisher
) -> None:
    home_id, sponsor, stranger = new_opaque_id(), Partner("company"), Partner("company")
    began = now()
    await announce(publisher, sponsor, home_id)
    await announce(publisher, stranger, new_opaque_id())
    await announce_home(publisher, home_id, RENT, {"2011-08": 150_000})
    request = new_opaque_id()

    async with httpx2.AsyncClient(base_url=world.rent.url) as client:

        async def sign() -> httpx2.Response:
            return await client.post(
                "/v1/rent-agreements",
                json={"home_id": home_id},
                headers={**sponsor.asking(), "X-Request-Id": request},
            )

        async def signed() -> bool:
            return (await sign()).is_success

        await assert_eventually(signed)

    reader = Reader(world.log, sponsor.headers)
    await known(reader)

    async def is_logged() -> bool:
        return bool(await reader.ids(correlation=request))

    await assert_eventually(is_logged)
    (found,) = (await reader.get("/events", correlation=request))["items"]
    assert found["type"] == "rent_sponsorship.RentAgreementSigned.v1"
    assert found["home_id"] == home_id
    assert found["body"]["organisation_id"] == sponsor.organisation_id
    assert found["stream"] == f"rent_agreement/{found['body']['commitment_id']}"

    event_id = found["event_id"]
    assert await reader.ids(home_id=home_id, type="RentAgreementSigned") == [event_id]
    assert await reader.ids(stream=found["stream"]) == [event_id]
    assert await reader.ids(topic="yui.rent_sponsorship.v1") == [event_id]
    assert await reader.ids(recorded_until=began.isoformat()) == []
    assert event_id in await reader.ids(recorded_from=began.isoformat())

    in_time = await reader.ids(home_id=home_id, first="oldest")
    assert in_time == list(reversed(await reader.ids(home_id=home_id)))
    paged: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        one = await reader.get("/events", home_id=home_id, first="oldest", limit=1, **cursor)
        paged += [found["event_id"] for found in one["items"]]
        if one["next_cursor"] is None:
            break
        cursor = {"cursor": one["next_cursor"]}
    assert paged == in_time

    table = await reader.response("/events", home_id=home_id, headers={"Accept": "text/csv"})
    assert len(table.text.splitlines()) == 1 + len(in_time)

    other = Reader(world.log, stranger.headers)
    await known(other)
    assert event_id not in await other.ids()
    assert (await other.response("/events", home_id=home_id)).status_code == 404
    for path in (
        f"/events/{event_id}",
        f"/events/{event_id}/chain",
        f"/streams/{found['stream']}",
    ):
        assert (await other.response(path)).status_code == 404, path
    outsiders = await reader.ids(type="KeyIssued")
    assert outsiders == [], "a partner sees events of its homes alone"


async def test_causes_are_told_from_the_root_down_wherever_they_lie(
    reader: Reader, publisher: Publisher
) -> None:
    one, other = new_opaque_id(), new_opaque_id()
    for version, homes in ((1, (one, other)), (2, (other, one))):
        correlation = new_opaque_id()
        causes: list[UUID] = []
        for home_id in homes:
            cause = causes[-1] if causes else None
            causes.append(await caused(publisher, places(home_id), version, cause, correlation))
        effect = await caused(publisher, places(new_opaque_id()), 1, causes[-1], correlation)
        await logged(reader, *causes, effect)
        shown = await reader.get(f"/events/{effect}")
        assert [told["event_id"] for told in shown["causes"]] == [str(told) for told in causes]


async def test_a_chain_shows_causes_and_effects_and_withholds_other_homes(
    reader: Reader, publisher: Publisher
) -> None:
    correlation, seen, unseen = (new_opaque_id() for _ in range(3))
    partner = Partner("nonprofit")
    await announce(publisher, partner, seen)
    root = await caused(publisher, places(unseen), 1, None, correlation)
    cause = await caused(publisher, places(seen), 1, root, correlation)
    effect = await caused(publisher, places(seen), 2, cause, correlation)
    aside = await caused(publisher, places(unseen), 2, root, correlation)
    await logged(reader, root, cause, effect, aside)

    shown = await reader.get(f"/events/{effect}")
    assert [one["event_id"] for one in shown["causes"]] == [str(root), str(cause)]
    shown = await reader.get(f"/events/{root}")
    assert [one["event_id"] for one in shown["effects"]] == [str(cause), str(aside)]
    chain = await reader.get(f"/events/{cause}/chain")
    assert chain["is_complete"]
    assert [(one["depth"], one["event_id"]) for one in chain["items"]] == [
        (0, str(root)),
        (1, str(cause)),
        (2, str(effect)),
        (1, str(aside)),
    ]

    theirs = Reader(reader.log, partner.headers)
    await known(theirs)
    assert (await theirs.response(f"/events/{root}")).status_code == 404
    shown = await theirs.get(f"/events/{effect}")
    assert [one["event_id"] for one in shown["causes"]] == [str(cause)]
    assert shown["withheld"] == 1
    chain = await theirs.get(f"/events/{effect}/chain")
    assert [one["event_id"] for one in chain["items"]] == [str(cause), str(effect)]
    assert chain["withheld"] == 2


async def test_a_stream_shows_what_is_missing_and_what_waits_for_it(
    reader: Reader, publisher: Publisher
) -> None:
    home_id = new_opaque_id()
    events = [places(home_id, capacity) for capacity in (3, 4, 5, 6)]
    envelopes = [publisher.envelope(event, n) for n, event in enumerate(events, start=1)]
    for place in (0, 1, 3):
        await publisher.send(events[place], envelopes[place])

    async def is_held() -> None:
        shown = await reader.get(f"/streams/home/{home_id}")
        assert [one["version"] for one in shown["items"]] == [1, 2]
        assert [(gap["from_version"], gap["through_version"]) for gap in shown["gaps"]] == [(3, 3)]
        assert [one["version"] for one in shown["held"]] == [4]

    await assert_eventually(is_held)
    assert (await reader.response("/streams/home/nobody")).status_code == 404

    # Its offset lies behind what the tail has shown already: a cursor over offsets would lose it.
    later = await publisher.publish(places(new_opaque_id()))
    await logged(reader, *later)
    async with aclosing(reader.tail()) as tail:
        await anext(tail)
        await publisher.send(events[2], envelopes[2])
        told = [(await anext(tail)).data for _ in range(2)]
    assert [one and one["version"] for one in told] == [3, 4]
    shown = await reader.get(f"/streams/home/{home_id}")
    assert (shown["gaps"], shown["held"]) == ([], [])


async def test_a_body_that_nobody_can_read_is_kept_for_operators(
    reader: Reader, publisher: Publisher
) -> None:
    home_id = new_opaque_id()
    envelope = replace(publisher.envelope(places(home_id), 1), type_name="homes.Unheard.v1")
    body = b"not JSON \xff"
    await publisher.send_raw("homes", b"\xff\x00", body, to_headers(envelope))
    await logged(reader, envelope.event_id)
    shown = await reader.get(f"/events/{envelope.event_id}")
    assert shown["body"] == f"hex:{body.hex()}"
    assert (shown["key"], shown["home_id"]) == ("\\xff\\x00", None)


# --- Followed


async def test_a_tail_cut_again_and_again_in_a_burst_tells_each_event_once(
    reader: Reader, publisher: Publisher
) -> None:
    homes = [new_opaque_id() for _ in range(HOMES)]
    burst = [places(homes[number % HOMES], 1 + number % 20) for number in range(BURST)]
    published: list[str] = []

    async def publish() -> None:
        published.extend(str(event_id) for event_id in await publisher.publish(*burst))

    place: str | None = None
    told: list[dict[str, Any]] = []
    async with asyncio.TaskGroup() as tasks:
        while len(told) < BURST:
            async with aclosing(reader.tail(last_event_id=place)) as tail:
                if place is None:
                    place = (await anext(tail)).place
                    tasks.create_task(publish())
                count = 0
                async for line in tail:
                    place = line.place
                    if line.data is not None:
                        told.append(line.data)
                        count += 1
                    if count == CUT_AFTER or len(told) == BURST:
                        break
    assert sorted(one["event_id"] for one in told) == sorted(published)
    versions: dict[str, list[int]] = defaultdict(list)
    for one in told:
        versions[one["stream"]].append(one["version"])
    assert all(found == sorted(found) for found in versions.values())

    again: list[str] = []
    async with aclosing(reader.tail(after="start", home_id=homes[0])) as tail:
        async for line in tail:
            if line.data is not None:
                again.append(line.data["event_id"])
            if len(again) == BURST // HOMES:
                break
    assert again == [one["event_id"] for one in told if one["home_id"] == homes[0]]

    async with aclosing(reader.tail(after="start", home_id=homes[0], skip_beyond=10)) as tail:
        await anext(tail)
        skipped = await anext(tail)
    assert skipped.event == "skipped"
    assert skipped.data == {"skipped": BURST // HOMES}


async def test_a_tail_tells_a_partner_of_its_own_homes_alone(
    reader: Reader, publisher: Publisher
) -> None:
    home_id, partner = new_opaque_id(), Partner("company")
    await announce(publisher, partner, home_id)
    theirs = Reader(reader.log, partner.headers)
    await known(theirs)
    async with aclosing(theirs.tail()) as tail:
        await anext(tail)
        await publisher.publish(places(new_opaque_id()), places(home_id))
        line = await anext(tail)
    assert line.data is not None
    assert line.data["home_id"] == home_id
    assert (await theirs.response("/tail", home_id=new_opaque_id())).status_code == 404
    broken = await theirs.response("/tail", headers={"Last-Event-ID": "17"})
    assert broken.status_code == 422
    ahead = await theirs.response("/tail", after="yui.homes.v1:0=999999")
    assert ahead.status_code == 422


async def test_a_tail_keeps_its_place_while_nothing_matches_and_gives_its_seat_back(
    stack: Stack, world: World, publisher: Publisher
) -> None:
    # Beside the other one, which may be the one that hears what is published.
    only_one = {"YUI_EVENTLOG_TAILS_MAX": "1", "YUI_EVENTLOG_HEARTBEAT_S": "0.2"}
    second = await stack.start("eventlog", world.database, **only_one)
    reader = Reader(second, world.operator.headers)
    await known(reader)
    async with aclosing(reader.tail(type="RentPaid")) as tail:
        began = (await anext(tail)).place
        assert (await reader.response("/tail")).status_code == 503
        await publisher.publish(*(places(new_opaque_id()) for _ in range(10)))
        while (beat := await anext(tail)).place == began:
            assert beat.data is None

    async def has_a_seat() -> bool:
        async with aclosing(reader.tail()) as tail:
            return bool((await anext(tail)).place)

    await assert_eventually(has_a_seat)
    second.kill()
