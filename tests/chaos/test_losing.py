"""A topic made anew, a database put back: noticed, said, and mended by one command."""

import pytest

from tests.chaos.acts import LOSING
from tests.chaos.plan import Plan
from tests.chaos.run import run
from tests.support.stack import Stack


@pytest.mark.parametrize("act", LOSING)
async def test_what_a_server_has_lost_is_noticed_and_mended_with_nothing_doubled(
    stack: Stack, act: str
) -> None:
    await stack.empty_topics()
    plan = Plan(kills=2, seed=7, homes=2, pause_s=(0.5, 1.0), acts={act: 1})
    outcome = await run(stack, plan, print, print)
    assert outcome.findings.differences == 0, outcome.findings.first
    assert outcome.other[act] == 1, outcome.other
