"""Whatever is sent, nothing breaks, and nothing is answered that is not documented."""

import asyncio
from pathlib import Path

import pytest

from tests.access.world import world
from tests.attacks.fuzzing import fuzz
from tests.support.stack import Stack

EXAMPLES = 2
"""Of each operation and kind of principal, that fit its document, and as many that do not."""


async def test_no_request_breaks_a_service_or_meets_an_undocumented_answer(
    stack: Stack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with world(stack, tmp_path) as attacked:
        fuzzed = await asyncio.to_thread(fuzz, attacked, EXAMPLES)
    with capsys.disabled():
        print(  # noqa: T201  a figure that is told
            f"\n{fuzzed.requests} requests of {len(fuzzed.operations)} operations,"
            f" by status {dict(sorted(fuzzed.statuses.items()))}"
        )
    assert fuzzed.wrong == {}
    assert fuzzed.requests > 1_000
    assert [status for status in fuzzed.statuses if status >= 500] == []
