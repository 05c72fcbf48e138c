"""Whatever is sent, nothing breaks, and nothing is answered that is not documented."""

import asyncio

import pytest

from deploy.services import SERVICES
from tests.attacks.fuzzing import Fuzzed, Fuzzer
from tests.attacks.village import village
from tests.support.stack import Stack

EXAMPLES = 3
"""Of each operation and kind of principal, that fit its document, and as many that do not."""


async def test_no_request_breaks_a_service_or_meets_an_undocumented_answer(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    fuzzed = Fuzzed()
    async with village(stack) as attacked:
        for service in SERVICES:
            for kind in attacked.keys:
                fuzzer = await asyncio.to_thread(Fuzzer, attacked, service.name, kind, fuzzed)
                await asyncio.to_thread(fuzzer.run, EXAMPLES)
    with capsys.disabled():
        print(f"\n{fuzzed.requests} requests, {dict(sorted(fuzzed.statuses.items()))}")  # noqa: T201
    assert fuzzed.requests > 1_000
    assert not [status for status in fuzzed.statuses if status >= 500]
