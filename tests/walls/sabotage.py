"""A service whose policy allows everything to everyone: what it then tells, PostgreSQL lets it.

Run as a process in place of the service: `python -m tests.walls.sabotage SERVICE`.
"""

import runpy
import sys
from dataclasses import dataclass

from deploy.services import Service


@dataclass(frozen=True)
class Sabotaged(Service):
    @property
    def command(self) -> tuple[str, ...]:
        return (sys.executable, "-m", "tests.walls.sabotage", self.name)


def allow_everything() -> None:
    from shared.access import policy  # noqa: PLC0415  before anybody takes the function from it

    policy.may = lambda *_: True

    from shared.access.register import Register  # noqa: PLC0415  as above

    async def homes_of(_register: Register, _principal: object) -> None:
        return None

    Register.homes_of = homes_of  # type: ignore[assignment]


if __name__ == "__main__":
    allow_everything()
    name = sys.argv[1]
    sys.argv = [name]
    runpy.run_module(f"services.{name}.app", run_name="__main__")
