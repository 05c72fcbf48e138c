"""Rent sponsorship as a process."""

from typing import Final

from services.rent_sponsorship.api import create_agreements_router
from services.rent_sponsorship.api.leases import create_leases_router
from services.rent_sponsorship.api.parts import create_parts_router
from services.rent_sponsorship.api.sponsored import create_sponsored_router
from services.rent_sponsorship.domain import ALSO_SPONSORED, OFFERS, RENT_AGREEMENT, SECTORS
from services.rent_sponsorship.repository import project
from shared.commitments import leaving, projections
from shared.commitments.ask_desk import AskDesk
from shared.commitments.ask_routes import create_asks_router
from shared.commitments.desk import Desk
from shared.contracts.registry import HEARD
from shared.contracts.rent_sponsorship import OWNER
from shared.contracts.resources import RENT
from shared.recalling import Keeping
from shared.service import ServiceSettings, plumbing, settings_config, start

KEEPING: Final = Keeping(project=project)


class Settings(ServiceSettings):
    model_config = settings_config(OWNER)


async def run(settings: Settings) -> None:
    async with plumbing(OWNER, settings, keeping=KEEPING) as built:
        desk = Desk(built, RENT_AGREEMENT, RENT, SECTORS, also=ALSO_SPONSORED)
        built.business_date.on_day_passed(desk.day_passed)
        appeals = AskDesk(built, OFFERS, desk)
        heard = {
            **projections.reactions(),
            **appeals.reactions(),
            **leaving.reactions(desk),
        }
        built.listen(HEARD[OWNER], heard)
        await built.serve(
            create_agreements_router(desk),
            create_leases_router(built),
            create_parts_router(built, desk),
            create_sponsored_router(built),
            create_asks_router(appeals, "rent-appeals"),
        )


if __name__ == "__main__":
    start(OWNER, run, Settings)
