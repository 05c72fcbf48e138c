"""The job that declares topics and users is patient, but not for ever."""

import asyncio
from pathlib import Path

import pytest

from deploy import runtime, topics
from deploy.compose.topics import declare
from deploy.ports import is_free
from deploy.problem import Problem
from deploy.runtime import Runtime
from tests.deploy.command import free_base


def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bootstrap: str) -> Runtime:
    monkeypatch.setenv("YUI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("YUI_KAFKA_BOOTSTRAP", bootstrap)
    monkeypatch.setenv("YUI_DATABASE_URL", "postgresql://postgres@postgres:5432/postgres")
    return runtime.configured()


async def test_it_waits_for_a_kafka_that_is_not_there_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    async def apply(found: Runtime) -> list[topics.Topic]:
        asked.append(found)
        if len(asked) == 1:
            raise Problem("Kafka is fenced", "Wait")
        return [topics.Topic("yui.ledger.v1", 12, 1)]

    monkeypatch.setattr(runtime, "declare", apply)
    monkeypatch.setattr("deploy.compose.topics.PAUSE_SECONDS", 0)
    found = given(tmp_path, monkeypatch, "yui@kafka:9092")
    assert [topic.name for topic in await declare(found)] == ["yui.ledger.v1"]
    assert "not yet: Kafka is fenced" in capsys.readouterr().err


async def test_it_gives_up_on_a_kafka_that_never_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = free_base()
    assert is_free(nowhere)
    found = given(tmp_path, monkeypatch, f"yui@127.0.0.1:{nowhere}")
    async with asyncio.timeout(30):
        with pytest.raises(Problem, match="takes no users and rights"):
            await declare(found, patience_seconds=0)
