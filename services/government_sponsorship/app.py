"""Government sponsorship as a process."""

from typing import Final

from services.government_sponsorship.api import create_grants_router, create_unit_prices_router
from services.government_sponsorship.domain import ALSO_SPONSORED, GRANT, SECTORS
from shared.commitments import projections
from shared.commitments.desk import Desk
from shared.contracts import homes, organisations
from shared.contracts.government_sponsorship import OWNER
from shared.contracts.resources import CHILDREN_NEEDS
from shared.recalling import Keeping
from shared.service import ServiceSettings, plumbing, settings_config, start

KEEPING: Final = Keeping(project=projections.project)


class Settings(ServiceSettings):
    model_config = settings_config(OWNER)


async def run(settings: Settings) -> None:
    async with plumbing(OWNER, settings, keeping=KEEPING) as built:
        grants = Desk(built, GRANT, CHILDREN_NEEDS, SECTORS, also=ALSO_SPONSORED)
        built.business_date.on_day_passed(grants.day_passed)
        built.listen((organisations.TOPIC, homes.TOPIC), projections.reactions())
        await built.serve(create_grants_router(grants), create_unit_prices_router(built))


if __name__ == "__main__":
    start(OWNER, run, Settings)
