"""Government sponsorship as a process."""

from typing import Final

from services.government_sponsorship.api import create_grants_router, create_unit_prices_router
from services.government_sponsorship.domain import ALSO_SPONSORED, GRANT, OFFERS, SECTORS
from shared.commitments import asks, leaving, projections
from shared.commitments.ask_desk import AskDesk
from shared.commitments.ask_routes import create_asks_router
from shared.commitments.desk import Desk
from shared.contracts.government_sponsorship import OWNER
from shared.contracts.registry import HEARD
from shared.contracts.resources import CHILDREN_NEEDS
from shared.recalling import Keeping
from shared.service import ServiceSettings, plumbing, settings_config, start

KEEPING: Final = Keeping(project=asks.project)


class Settings(ServiceSettings):
    model_config = settings_config(OWNER)


async def run(settings: Settings) -> None:
    async with plumbing(OWNER, settings, keeping=KEEPING) as built:
        grants = Desk(built, GRANT, CHILDREN_NEEDS, SECTORS, also=ALSO_SPONSORED)
        built.business_date.on_day_passed(grants.day_passed)
        requests = AskDesk(built, OFFERS, grants)
        heard = {
            **projections.reactions(),
            **requests.reactions(),
            **leaving.reactions(grants),
        }
        built.listen(HEARD[OWNER], heard)
        await built.serve(
            create_grants_router(grants),
            create_unit_prices_router(built),
            create_asks_router(requests, "grant-requests"),
        )


if __name__ == "__main__":
    start(OWNER, run, Settings)
