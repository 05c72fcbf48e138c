"""A key: made over HTTP at the register, known everywhere by its event, its secret nowhere."""

import asyncpg
from aiokafka import AIOKafkaConsumer

from shared.access.keys import ApiKey, new_key, parse_key
from shared.contracts.registry import TOPICS
from shared.ids import new_opaque_id
from shared.kafka import reaching
from tests.support.asking import Caller
from tests.support.eventually import assert_eventually
from tests.support.stack import MakeDatabase, ServiceProcess, Stack

SERVICES = ("organisations", "rent_sponsorship")


async def test_a_key_opens_every_service_until_it_is_revoked(
    stack: Stack, database: MakeDatabase
) -> None:
    db = await database(*SERVICES)
    register = await stack.start("organisations", db)
    rent = await stack.start("rent_sponsorship", db)
    operator = Caller(register.url, stack.operator_key)
    company = await registered(operator, "company", "volunteers")

    made = await operator.done(f"/v1/organisations/{company}/keys")
    key = parse_key(made["key"])
    assert key is not None
    assert key.key_id == made["key_id"]
    its_own = Caller(register.url, key)
    assert (await its_own.get("/v1/organisations")).is_success, "here it opens at once"
    await eventually_answers(Caller(rent.url, key), 200)

    stranger = ApiKey(key.key_id, new_key().secret)
    assert (await Caller(rent.url, stranger).get("/v1/rent-agreements")).status_code == 401

    assert (await its_own.delete(f"/v1/organisations/{company}/keys/{key.key_id}")).is_success
    assert (await its_own.get("/v1/organisations")).status_code == 401
    await eventually_answers(Caller(rent.url, key), 401)
    listed = await operator.read(f"/v1/organisations/{company}/keys")
    (one,) = listed["items"]
    assert (one["key_id"], one["expires_at"], one["revoked"]) == (key.key_id, None, True)

    await assert_kept_nowhere(key, stack, db.administrator(), register, rent)


async def test_a_key_that_has_expired_opens_nothing(stack: Stack, database: MakeDatabase) -> None:
    register = await stack.start("organisations", await database("organisations"))
    operator = Caller(register.url, stack.operator_key)
    company = await registered(operator, "company")
    path = f"/v1/organisations/{company}/keys"
    expired = await operator.done(path, {"expires_at": "2012-03-31T23:59:59+09:00"})
    assert (await Caller(register.url, expired["key"]).get(path)).status_code == 401
    assert (await operator.post(path, {"expires_at": "2012-03-31T23:59:59"})).status_code == 422


async def test_a_repeat_is_answered_without_the_secret(
    stack: Stack, database: MakeDatabase
) -> None:
    register = await stack.start("organisations", await database("organisations"))
    operator = Caller(register.url, stack.operator_key)
    company = await registered(operator, "company")
    path = f"/v1/organisations/{company}/keys"

    again = new_opaque_id()
    first = (await operator.post(path, again=again)).json()
    repeat = (await operator.post(path, again=again)).json()

    assert first["key"].startswith(f"yui_{first['key_id']}_")
    assert repeat["key"] is None
    assert "once" in repeat["note"]
    assert repeat["key_id"] == first["key_id"]
    assert len((await operator.read(path))["items"]) == 1


async def test_an_organisation_manages_itself_alone(stack: Stack, database: MakeDatabase) -> None:
    register = await stack.start("organisations", await database("organisations"))
    operator = Caller(register.url, stack.operator_key)
    company = await registered(operator, "company", name="Minato Trading")
    nonprofit = await registered(operator, "nonprofit", name="Minori no Kai")
    key = (await operator.done(f"/v1/organisations/{company}/keys"))["key"]
    its_own = Caller(register.url, key)

    assert await its_own.refused("/v1/organisations", {"name": "x", "sectors": ["company"]}) == (
        "not-allowed"
    )
    assert await its_own.refused(f"/v1/organisations/{nonprofit}/keys") == "not-found"
    assert (await its_own.get(f"/v1/organisations/{nonprofit}/keys")).status_code == 404
    assert (await its_own.get(f"/v1/organisations/{nonprofit}")).status_code == 404
    own = await its_own.read(f"/v1/organisations/{company}")
    (listed,) = (await its_own.read("/v1/organisations"))["items"]
    assert own == {**listed, "version": 2}
    assert own["name"] == "Minato Trading"
    everyone = (await operator.read("/v1/organisations"))["items"]
    assert {one["organisation_id"] for one in everyone} == {company, nonprofit, "operator"}


async def test_who_is_party_to_a_home_is_said_per_sector(
    stack: Stack, database: MakeDatabase
) -> None:
    register = await stack.start("organisations", await database("organisations"))
    operator = Caller(register.url, stack.operator_key)
    company = await registered(operator, "company")
    home = f"/v1/homes/{new_opaque_id()}/parties"
    key = (await operator.done(f"/v1/organisations/{company}/keys"))["key"]
    its_own = Caller(register.url, key)
    rent = {"organisation_id": company, "sector": "company"}
    hours = {"organisation_id": company, "sector": "volunteers"}

    assert await operator.refused(home, {**rent, "organisation_id": "nobody"}) == ("not-found")
    assert (await its_own.get(home)).status_code == 404, "not even the home is theirs to know of"
    await operator.done(home, rent)
    assert await its_own.refused(home, rent) == "not-allowed"
    assert (await its_own.read(home))["items"] == [rent]

    assert await operator.refused(home, hours) == "sector-not-its-own"
    both = {"sectors": ["company", "volunteers"]}
    await operator.done(f"/v1/organisations/{company}/sectors", both)
    await operator.done(home, hours)
    assert (await operator.read(home))["items"] == [rent, hours]
    await operator.done(f"{home}/leave", rent)
    assert (await its_own.read(home))["items"] == [hours]


async def test_of_two_who_change_its_sectors_the_second_is_told(
    stack: Stack, database: MakeDatabase
) -> None:
    register = await stack.start("organisations", await database("organisations"))
    operator = Caller(register.url, stack.operator_key)
    path = f"/v1/organisations/{await registered(operator, 'company')}"
    etag = (await operator.get(path)).headers["ETag"]
    both, one = {"sectors": ["company", "volunteers"]}, {"sectors": ["volunteers"]}
    assert (await operator.post(f"{path}/sectors", both, if_match=etag)).is_success
    late = await operator.post(f"{path}/sectors", one, if_match=etag)
    assert (late.status_code, late.json()["type"]) == (412, "urn:yui:problem:version-changed")
    told = await operator.get(path)
    assert (sorted(told.json()["sectors"]), told.headers["ETag"]) == (both["sectors"], '"2"')


async def test_whoever_runs_yui_is_admitted_once(stack: Stack, database: MakeDatabase) -> None:
    db = await database("organisations")
    register = await stack.start("organisations", db)
    await register.stop()
    register.launch()
    await register.ready()
    connection = await asyncpg.connect(db.administrator())
    try:
        streams = await connection.fetch("SELECT stream, version FROM organisations.event")
    finally:
        await connection.close()
    assert sorted(map(tuple, streams)) == [
        ("organisation/operator", 1),
        ("organisation/operator", 2),
    ]


async def registered(operator: Caller, *sectors: str, name: str = "Minato Trading") -> str:
    body = {"name": name, "sectors": sectors}
    return str((await operator.done("/v1/organisations", body))["organisation_id"])


async def eventually_answers(caller: Caller, status: int) -> None:
    async def answers() -> None:
        found = (await caller.get("/v1/rent-agreements")).status_code
        assert found == status, found

    await assert_eventually(answers, within_seconds=5)


async def assert_kept_nowhere(
    key: ApiKey, stack: Stack, administrator_url: str, *services: ServiceProcess
) -> None:
    """Look for the secret in every row, every log line and every record; find its hash."""
    rows = await rows_of(administrator_url)
    records = await records_of(stack.kafka_bootstrap)
    logs = "".join(service.log.read_text() for service in services)
    for place in (rows, records, logs):
        assert place, "there is something to look through"
        assert key.secret not in place
        assert key.secret.encode().hex() not in place
    assert key.secret_sha256 in records
    assert key.secret_sha256 in rows


async def rows_of(administrator_url: str) -> str:
    connection = await asyncpg.connect(administrator_url)
    try:
        tables = await connection.fetch(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY($1)",
            list(SERVICES),
        )
        texts = [
            str(row[0])
            for schema, table in tables
            # Names of our own tables, from the catalogue.
            for row in await connection.fetch(f'SELECT t::text FROM "{schema}"."{table}" t')  # noqa: S608
        ]
    finally:
        await connection.close()
    return "\n".join(texts)


async def records_of(bootstrap: str) -> str:
    consumer = AIOKafkaConsumer(
        *TOPICS, **reaching(bootstrap), auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(list(consumer.assignment()))
        texts: list[str] = []
        for partition, end in ends.items():
            consumer.seek(partition, 0)
            while await consumer.position(partition) < end:
                found = await consumer.getmany(partition, timeout_ms=1000)
                texts += [str(record) for batch in found.values() for record in batch]
    finally:
        await consumer.stop()
    return "\n".join(texts)
