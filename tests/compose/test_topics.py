"""The job that declares the topics is patient, but not for ever."""

import asyncio

import pytest

from deploy import topics
from deploy.compose.topics import declare
from deploy.ports import is_free
from deploy.problem import Problem
from tests.deploy.command import free_base


async def test_it_waits_for_a_kafka_that_is_not_there_yet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    async def apply(bootstrap: str) -> list[topics.Topic]:
        asked.append(bootstrap)
        if len(asked) == 1:
            raise Problem("Kafka is fenced", "Wait")
        return [topics.Topic("yui.ledger.v1", 12, 1)]

    monkeypatch.setattr(topics, "apply", apply)
    monkeypatch.setattr("deploy.compose.topics.PAUSE_SECONDS", 0)
    assert [topic.name for topic in await declare("kafka:9092")] == ["yui.ledger.v1"]
    assert "not yet: Kafka is fenced" in capsys.readouterr().err


async def test_it_gives_up_on_a_kafka_that_never_comes() -> None:
    nowhere = free_base()
    assert is_free(nowhere)
    async with asyncio.timeout(30):
        with pytest.raises(Problem, match="cannot be used"):
            await declare(f"127.0.0.1:{nowhere}", patience_seconds=0)
