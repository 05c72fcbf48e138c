"""The run must be able to fail: with a guard taken out it loses and doubles, and says so."""

from tests.chaos.plan import Plan
from tests.chaos.run import run
from tests.support.stack import Stack


async def test_without_two_of_its_guards_it_loses_and_doubles(stack: Stack) -> None:
    """A relay that forgets before the broker has said yes, a ledger that applies repeats."""
    await stack.empty_topics()
    plan = Plan(
        kills=4,
        seed=3,
        pause_s=(0.8, 1.2),
        doubled=(),
        # What is asked while Kafka is away waits in a relay that has forgotten it already.
        in_turn=("kafka", "rent_sponsorship"),
        sabotaged={"rent_sponsorship": "acknowledgement", "ledger": "duplicate check"},
        settle_s=10,
    )
    findings = (await run(stack, plan, print, print)).findings
    assert findings.count("lost") > 0, findings.counts
    assert findings.count("doubled") > 0, findings.counts
    assert findings.count("unbalanced") > 0, "what was doubled is on the books"
