"""A process ends as it should: it gives back what it holds, and says that all is well."""

import signal

import asyncpg

from tests.delivery.conftest import SERVICE
from tests.support.eventually import assert_eventually
from tests.support.stack import MakeDatabase, Stack

SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND datname = $2"


async def test_a_service_that_is_told_to_end_gives_back_its_connections_and_ends_well(
    stack: Stack, database: MakeDatabase
) -> None:
    made = await database(SERVICE)
    service = await stack.start(SERVICE, made)
    assert service.process is not None
    service.process.send_signal(signal.SIGTERM)

    async def has_ended() -> bool:
        assert service.process is not None
        return service.process.poll() is not None

    await assert_eventually(has_ended, within_seconds=30)
    assert service.process.returncode == 0, service.log.read_text()[-2000:]
    assert "Traceback" not in service.log.read_text()
    connection = await asyncpg.connect(made.administrator())
    assert await connection.fetchval(SESSIONS, SERVICE, made.name) == 0
    await connection.close()
