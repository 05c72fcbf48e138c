"""The short form: ten kills, other acts besides, cut answers and repeats; nothing differs."""

from tests.chaos.acts import EVERYTHING, LOSING
from tests.chaos.plan import Plan
from tests.chaos.run import run
from tests.support.stack import Stack

KILLS = 10
ACTS = EVERYTHING.keys() - LOSING.keys()


async def test_ten_kills_lose_double_and_reorder_nothing(stack: Stack) -> None:
    await stack.empty_topics()
    plan = Plan(kills=KILLS, seed=1, acts=dict.fromkeys(ACTS, 1))
    outcome = await run(stack, plan, print, print)
    assert outcome.findings.differences == 0, outcome.findings.first
    assert outcome.findings.accepted.total() > 100, outcome.said
    assert outcome.kills.total() == KILLS
    assert outcome.other["offers accepted"] > 0, outcome.said
    assert all(outcome.other[name] == 1 for name in ACTS), outcome.other
