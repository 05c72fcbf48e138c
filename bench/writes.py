"""How many payments a second one process takes in, each of them on the books in the end.

Shipped processes with their shipped settings: one of rent sponsorship, one of the ledger, a real
Kafka and PostgreSQL, the load, all on the same cores. Many clients at once are held against one
client alone on the same process: that ratio says what grouping their commits brings, whatever the
machine. The checker has the last word: each answer is in the event table, in Kafka and on the
books, once.
"""

import itertools
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

from bench.figures import RATIO, Figure
from bench.load import Ask, Load, Run, Taken
from bench.measuring import Measuring
from deploy.checking.check import Asked, check
from shared.contracts.resources import RENT
from shared.ids import new_opaque_id
from tests.support.eventually import assert_eventually
from tests.support.partners import Partner, announce, announce_home
from tests.support.publishing import Publisher
from tests.support.stack import ServiceProcess, Stack

HOMES: Final = 50
AGREEMENTS_PER_HOME: Final = 4
CLIENTS: Final = 64
WARM_UP_S: Final = 5.0
ALONE_S: Final = 5.0
MEASURED_S: Final = 10.0
SETTLE_S: Final = 120.0
MONTH: Final = "2012-01"
NEED_YEN: Final = 1_000_000
GOAL_PER_S: Final = 2_000.0
FLOOR_PER_S: Final = 800.0
PAYMENT: Final = {"month": MONTH, "amount_yen": 1, "gift": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one run has found."""

    payments: int
    many: Run
    """Many clients at once."""
    alone: Run
    """One client that waits for each answer."""
    booked_after_s: float
    """From the last answer until the last payment stood on the books."""
    differences: int

    @property
    def ratio(self) -> float:
        return self.many.per_s / self.alone.per_s


async def measure(stack: Stack) -> Written:
    """Measure once, on a stack whose topics are empty."""
    database = await stack.database("rent_sponsorship", "ledger")
    rent = await stack.start("rent_sponsorship", database)
    ledger = await stack.start("ledger", database)
    sponsor = Partner("company")
    agreements = await _agreements(stack, rent, sponsor)
    load = Load(rent.port, _payments(sponsor, agreements))
    await load.run(CLIENTS, WARM_UP_S)
    alone = await load.run(1, ALONE_S)
    many = await load.run(CLIENTS, MEASURED_S)
    booked_after_s = await _booked(ledger, sponsor, load.taken)
    with tempfile.NamedTemporaryFile("w") as journal:
        _write_journal(Path(journal.name), load.taken)
        findings = await check(
            Asked(
                database_url=database.url("auditor"),
                bootstrap=stack.kafka_bootstrap,
                journal=Path(journal.name),
                settle_s=SETTLE_S,
                owned_by_test=("organisations", "homes"),
            )
        )
    stack.stop_services()
    await stack.drop(database)
    if findings.accepted["rent_sponsorship"] != len(load.taken):
        raise RuntimeError(f"{findings.accepted} accepted of {len(load.taken)}")
    return Written(
        payments=len(load.taken),
        many=many,
        alone=alone,
        booked_after_s=booked_after_s,
        differences=findings.differences,
    )


async def _agreements(stack: Stack, rent: ServiceProcess, sponsor: Partner) -> list[str]:
    found: list[str] = []
    async with Publisher(stack.kafka_bootstrap) as publisher, httpx2.AsyncClient() as client:
        for _ in range(HOMES):
            home_id = new_opaque_id()
            await announce(publisher, sponsor, home_id)
            await announce_home(publisher, home_id, RENT, {MONTH: NEED_YEN})

            async def signed(home_id: str = home_id) -> bool:
                response = await client.post(
                    f"{rent.url}/v1/rent-agreements",
                    json={"home_id": home_id},
                    headers=sponsor.asking(),
                )
                if response.is_success:
                    found.append(response.json()["commitment_id"])
                return bool(response.is_success)

            for _ in range(AGREEMENTS_PER_HOME):
                await assert_eventually(signed, within_seconds=30)
    return found


def _payments(sponsor: Partner, agreements: list[str]) -> Iterator[Ask]:
    """Payments on one agreement after the other, for ever, no two under the same key."""
    body = json.dumps(PAYMENT)
    run = new_opaque_id()
    for number, agreement in enumerate(itertools.cycle(agreements)):
        key = f"{run}-{number}"
        yield Ask(
            key,
            (
                f"POST /v1/rent-agreements/{agreement}/payments HTTP/1.1\r\n"
                f"Host: 127.0.0.1\r\nAuthorization: Bearer {sponsor.key}\r\n"
                f"Idempotency-Key: {key}\r\nX-Request-Id: {key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode(),
        )


async def _booked(ledger: ServiceProcess, sponsor: Partner, taken: Sequence[Taken]) -> float:
    """Wait until the last payment of each agreement stands on the books: all before it do too."""
    began = time.perf_counter()
    last = {answer["commitment_id"]: answer for answer in map(_read, taken)}
    async with httpx2.AsyncClient(timeout=SETTLE_S) as client:
        for answer in last.values():
            url = f"{ledger.url}/v1/events/{answer['event_ids'][0]}"

            async def booked(url: str = url) -> bool:
                told = await client.get(f"{url}?wait=30", headers=sponsor.headers)
                return bool(told.json()["outcome"] == "booked")

            await assert_eventually(booked, within_seconds=SETTLE_S)
    return time.perf_counter() - began


def _write_journal(path: Path, taken: Sequence[Taken]) -> None:
    with path.open("w") as lines:
        for one in taken:
            told = {
                "service": "rent_sponsorship",
                "idempotency_key": one.idempotency_key,
                "event_ids": _read(one)["event_ids"],
            }
            lines.write(f"{json.dumps(told)}\n")


def _read(one: Taken) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(one.answer)
    return answer


async def measure_row(measuring: Measuring) -> list[Figure]:
    runs: list[Written] = []
    for run in range(measuring.runs):
        await measuring.stack.empty_topics()
        written = await measure(measuring.stack)
        if written.differences:
            raise RuntimeError(f"{written.differences:,} differences")
        runs.append(written)
        measuring.say(
            f"writes, run {run + 1}: {written.many.per_s:,.0f}/s by {CLIENTS} clients, "
            f"{written.alone.per_s:,.0f}/s by one alone; {written.payments:,} payments, the last "
            f"on the books after {written.booked_after_s:.1f} s; 0 differences"
        )
    return [
        Figure(
            name=f"API writes, one service, one process, {CLIENTS} clients",
            unit="payments/s",
            samples=[written.many.per_s for written in runs],
            goal=GOAL_PER_S,
            floor=FLOOR_PER_S,
        ),
        Figure(
            name=f"API writes, {CLIENTS} clients ÷ one alone",
            unit=RATIO,
            samples=[written.ratio for written in runs],
        ),
    ]
