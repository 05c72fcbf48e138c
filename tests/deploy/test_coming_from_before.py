"""What the previous release has left is taken over, and nothing of it is lost."""

from dataclasses import replace
from pathlib import Path

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError

from shared.kafka import reaching
from tests.deploy.command import Command
from tests.deploy.test_survival import find_the_mark, leave_a_mark
from tests.migrating.previous import previous_release


async def lets_in(bootstrap: str) -> bool:
    client = AIOKafkaClient(**reaching(bootstrap))
    try:
        await client.bootstrap()
    except KafkaConnectionError:
        return False
    finally:
        await client.close()
    return True


async def test_a_kafka_that_asked_nobody_keeps_what_it_has_and_asks(
    yui: Command, tmp_path: Path
) -> None:
    before = replace(yui, directory=previous_release(tmp_path / "previous"))
    up = before.up()
    assert up.returncode == 0, up.stderr
    assert await lets_in(yui.kafka)
    await leave_a_mark(yui, yui.kafka)
    assert before("down").returncode == 0

    up = yui.up()
    assert up.returncode == 0, up.stderr
    assert not await lets_in(yui.kafka)
    await find_the_mark(yui)
    assert yui("topics").returncode == 0
    assert await lets_in(yui.reached_by("homes"))
