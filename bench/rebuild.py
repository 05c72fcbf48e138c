"""How fast a second ledger is built from Kafka alone: `yui ledger rebuild`, two readers."""

import time
from typing import Final

from bench.books import books_measured
from bench.figures import Figure
from bench.measuring import Measuring
from bench.workload import THIS_YEAR, Workload, homes
from deploy.rebuilding.run import Asked, rebuild

HOMES: Final = 1_000
EVENTS: Final = 300_000
AT_ONCE: Final = 100_000


class Reading:
    """Listens to a rebuild: how long it took until Kafka was read, from the first word on."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.records = 0
        self.read_s = 0.0

    def say(self, _: str) -> None:
        pass

    def count(self, done: int, whole: int) -> None:
        if done == whole and not self.read_s:
            self.records, self.read_s = whole, time.perf_counter() - self.began


async def measure(measuring: Measuring) -> list[Figure]:
    workload, paying = Workload(), homes(HOMES)
    built: list[float] = []
    compared: list[float] = []
    async with books_measured(measuring.stack) as books:
        await books.fill(workload.agreed(paying, THIS_YEAR))
        await books.settle()
        for _ in range(measuring.events(EVENTS) // AT_ONCE or 1):
            await books.rate(workload.paid(paying, THIS_YEAR, AT_ONCE))
        asked = Asked(
            database=books.database, bootstrap=measuring.stack.auditors_bootstrap, simulated=True
        )
        for run in range(measuring.runs):
            reading = Reading()
            comparison = await rebuild(asked, reading.say, reading.count)
            if comparison.number:
                raise RuntimeError(f"{comparison.number} differences: {comparison.differences}")
            whole_s = time.perf_counter() - reading.began
            built.append(reading.records / reading.read_s)
            compared.append(reading.records / whole_s)
            measuring.say(f"rebuild, run {run + 1}: {built[-1]:,.0f}/s, {compared[-1]:,.0f}/s")
    return [
        Figure(name="rebuild", unit="events/s", samples=built, goal=20_000, floor=8_000),
        Figure(name="rebuild, compared too", unit="events/s", samples=compared),
    ]
