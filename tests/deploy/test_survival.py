"""After any kill `yui up` brings everything back with nothing lost, and `yui down` ends it all."""

import asyncio

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy import ports
from deploy.database import AUDITOR, NAME, Database, connected
from deploy.postgres import ADMINISTRATOR
from shared.kafka import reaching
from tests.deploy.command import Command

TOPIC = TopicPartition("yui.homes.v1", 3)


def database(yui: Command) -> Database:
    password = yui.state.secret("postgres.password")
    port = yui.port_base + ports.POSTGRES
    url = f"postgresql://{ADMINISTRATOR}:{password}@127.0.0.1:{port}/postgres"
    return Database(url, NAME, yui.state)


async def leave_a_mark(yui: Command, bootstrap: str) -> None:
    async with connected(database(yui).url("yui_owner")) as connection:
        await connection.execute("CREATE TABLE homes.mark AS SELECT 7 AS number")
    async with AIOKafkaProducer(**reaching(bootstrap), acks="all") as producer:
        await producer.send_and_wait(TOPIC.topic, b"mark", partition=TOPIC.partition)


async def find_the_mark(yui: Command) -> None:
    async with connected(database(yui).url("auditor")) as connection:
        assert await connection.fetchval("SELECT number FROM homes.mark") == 7
    async with AIOKafkaConsumer(**reaching(yui.reached_by(AUDITOR))) as consumer:
        consumer.assign([TOPIC])
        consumer.seek(TOPIC, 0)
        assert (await asyncio.wait_for(consumer.getone(), 10)).value == b"mark"


def pids(yui: Command) -> dict[str, int]:
    return {name: one.pid for name, one in yui.running().items()}


def kill(*which: int) -> None:
    processes = [psutil.Process(pid) for pid in which]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=10)


async def test_whatever_is_killed_comes_back_with_nothing_lost(yui: Command) -> None:
    first = yui.up()
    assert first.returncode == 0, first.stderr
    await leave_a_mark(yui, yui.reached_by("homes"))
    before = pids(yui)
    assert set(before) >= {"postgres", "kafka"}

    assert yui.up().returncode == 0
    assert pids(yui) == before, "a second `yui up` leaves alone what runs"

    supervisor = int(yui.supervision.pid_file.read_text())
    kill(supervisor, *before.values())
    again = yui.up()
    assert again.returncode == 0, again.stderr
    await find_the_mark(yui)

    kill(int(yui.supervision.pid_file.read_text()))
    assert len(yui.supervision.orphans()) >= 2
    assert "outlived a killed supervisor" in yui("doctor").stdout.replace("\n", " ")
    again = yui.up()
    assert again.returncode == 0, f"orphans are ended, and all is started anew: {again.stderr}"
    await find_the_mark(yui)

    assert yui("down").returncode == 0
    again = yui("down")
    assert (again.returncode, again.stdout) == (0, "Nothing was running\n")
    assert yui.supervision.orphans() == []


async def test_a_half_finished_first_start_is_begun_again(yui: Command) -> None:
    for draft in ("postgres/data.new", "kafka/data"):
        (yui.folder / draft).mkdir(parents=True)
    (yui.folder / "version").write_text("1")
    done = yui.up()
    assert done.returncode == 0, done.stderr
