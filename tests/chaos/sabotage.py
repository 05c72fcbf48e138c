"""Services with one guard taken out: what the run must then find.

Run as a process in place of the service: `python -m tests.chaos.sabotage GUARD SERVICE`.
"""

import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from deploy.services import Service


@dataclass(frozen=True)
class Sabotaged(Service):
    guard: str

    @property
    def command(self) -> tuple[str, ...]:
        return (sys.executable, "-m", "tests.chaos.sabotage", self.guard, self.name)


def without_acknowledgement() -> None:
    """Let the relay forget what it is about to send, before the broker has said yes."""
    from shared import relay  # noqa: PLC0415  only where it is taken apart

    async def send_batch(self: Any, connection: Any, producer: Any) -> int:  # noqa: ANN401  its own
        async with connection.transaction():
            rows = await connection.fetch(relay.UNSENT, relay.BATCH_MAX)
            await connection.execute(relay.SENT, [row["position"] for row in rows], "", [], [])
        for row in rows:
            await self._send(producer, row)
        return len(rows)

    relay.Relay._send_batch = send_batch  # type: ignore[method-assign]  # noqa: SLF001


def without_duplicate_check() -> None:
    """Let the consumer apply whatever comes, wherever it comes from."""
    from shared.consuming import inbox, statements  # noqa: PLC0415  as above

    def take(self: Any, received: Any) -> None:  # noqa: ANN401  its own
        self._take(received)

    inbox.Sorting._sort_one = take  # type: ignore[method-assign]  # noqa: SLF001
    statements.DECIDE += " ON CONFLICT DO NOTHING"  # type: ignore[misc]


GUARDS: Final[dict[str, Callable[[], None]]] = {
    "acknowledgement": without_acknowledgement,
    "duplicate check": without_duplicate_check,
}

if __name__ == "__main__":
    guard, name = sys.argv[1:]
    GUARDS[guard]()
    sys.argv = [name]
    runpy.run_module(f"services.{name}.app", run_name="__main__")
