"""The short form: ten kills, a zombie, cut answers and repeats, and nothing differs."""

from tests.chaos.plan import Plan
from tests.chaos.run import run
from tests.support.stack import Stack

KILLS = 10


async def test_ten_kills_lose_double_and_reorder_nothing(stack: Stack) -> None:
    await stack.empty_topics()
    outcome = await run(stack, Plan(kills=KILLS, seed=1), print, print)
    assert outcome.findings.differences == 0, outcome.findings.first
    assert outcome.findings.accepted.total() > 100, outcome.said
    assert outcome.kills.total() == KILLS
