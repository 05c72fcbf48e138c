"""The register of homes as a process."""

from collections.abc import Sequence
from typing import Final

from services.homes import api, consumers
from services.homes.repository import project, read_rules
from services.homes.repository.asks import AskKeeper
from services.homes.repository.needs import Needs
from services.homes.repository.openings import OpeningKeeper
from shared.consuming.record import Received
from shared.contracts.homes import OWNER
from shared.contracts.registry import HEARD
from shared.recalling import Keeping
from shared.service import ServiceSettings, plumbing, settings_config, start
from shared.work import Work

KEEPING: Final = Keeping(project=project)


class Settings(ServiceSettings):
    model_config = settings_config(OWNER)


async def run(settings: Settings) -> None:
    rules = read_rules()
    async with plumbing(OWNER, settings, keeping=KEEPING) as built:
        needs = Needs(rules, built.business_date)
        built.business_date.on_day_passed(needs.day_passed)
        asks = AskKeeper(rules, built.business_date)
        built.business_date.on_day_passed(asks.day_passed)
        openings = OpeningKeeper(rules, built.business_date, needs, asks)
        built.business_date.on_day_passed(openings.day_passed)

        async def conclude(work: Work, batch: Sequence[Received]) -> None:
            await asks.conclude(work, batch)
            await openings.conclude(work, batch)

        built.listen(HEARD[OWNER], consumers.reactions(needs), conclude=conclude)
        await built.serve(*api.create_routers(built, needs, rules))


if __name__ == "__main__":
    start(OWNER, run, Settings)
