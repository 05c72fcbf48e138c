"""The stack that the tests stand on: it restarts what is killed and gives each test its own."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy import kafka, topics
from deploy.database import connected
from deploy.problem import Problem
from shared.kafka import reaching
from tests.support.stack import MakeDatabase, Stack


async def test_each_test_gets_a_database_of_its_own(database: MakeDatabase) -> None:
    first, second = await database("ledger"), await database("ledger")
    async with connected(first.url("yui_owner")) as connection:
        await connection.execute("CREATE TABLE ledger.mark ()")
    async with connected(second.url("yui_owner")) as connection:
        assert await connection.fetchval("SELECT to_regclass('ledger.mark')") is None


async def test_killed_servers_come_back(stack: Stack, database: MakeDatabase) -> None:
    kept = await database("ledger")
    for server in ("kafka", "postgres"):
        await stack.kill(server)
    await stack.ready()
    assert await kafka.answers(stack.kafka_bootstrap)
    async with connected(kept.url("ledger")) as connection:
        assert await connection.fetchval("SELECT current_schema()") == "ledger"


async def test_a_server_that_goes_while_it_is_used_is_a_problem_in_one_line(
    database: MakeDatabase,
) -> None:
    url = (await database("ledger")).url("ledger")
    with pytest.raises(Problem, match="went away"):
        await _used_until_it_goes(url)


async def _used_until_it_goes(url: str) -> None:
    async with connected(url) as used, connected(url) as other:
        pid = await used.fetchval("SELECT pg_backend_pid()")
        await other.execute("SELECT pg_terminate_backend($1, 5000)", pid)
        await used.execute("SELECT")


async def test_topics_have_twelve_partitions_and_are_kept(stack: Stack) -> None:
    found = await topics.apply(stack.kafka_bootstrap)
    assert [(topic.partitions, topic.created) for topic in found] == [(12, False)] * 8


async def test_a_topic_with_another_count_of_partitions_is_refused(stack: Stack) -> None:
    other = "yui.other.v1"
    client = AIOKafkaAdminClient(**reaching(stack.kafka_bootstrap))
    await client.start()
    await client.create_topics([NewTopic(other, 3, 1)])
    await client.close()
    with pytest.raises(Problem, match="3 partitions instead of 12"):
        await topics.apply(stack.kafka_bootstrap, [other])
    await topics.remove(stack.kafka_bootstrap, [other])
