"""Nonprofit staffing as a process."""

from typing import Final

from services.nonprofit_staffing.api import create_programmes_router, create_staffing_plans_router
from services.nonprofit_staffing.domain import (
    ALSO_STAFFED,
    CAREGIVERS,
    OFFERS,
    PROGRAMME,
    PROGRAMME_SECTORS,
    STAFFING_PLAN,
)
from shared.commitments import asks, leaving, projections
from shared.commitments.ask_desk import AskDesk
from shared.commitments.ask_routes import create_asks_router
from shared.commitments.desk import Desk
from shared.contracts import resources
from shared.contracts.nonprofit_staffing import OWNER
from shared.contracts.registry import HEARD
from shared.people.keeping import keeping
from shared.people.routes import create_people_router
from shared.recalling import Keeping
from shared.service import ServiceSettings, plumbing, settings_config, start

KEEPING: Final = Keeping(project=asks.project)


class Settings(ServiceSettings):
    model_config = settings_config(OWNER)

    people_url: str
    """Of the role that alone may touch personal data."""


async def run(settings: Settings) -> None:
    async with (
        plumbing(OWNER, settings, keeping=KEEPING) as built,
        keeping(settings.people_url, built.today) as people,
    ):
        built.run_beside(people.erase_for_ever())
        plans = Desk(built, STAFFING_PLAN, resources.CAREGIVING, CAREGIVERS, also=ALSO_STAFFED)
        programmes = Desk(built, PROGRAMME, resources.PROGRAMME, PROGRAMME_SECTORS)
        built.business_date.on_day_passed(plans.day_passed)
        built.business_date.on_day_passed(programmes.day_passed)
        posts = AskDesk(built, OFFERS, plans, programmes)
        heard = {
            **projections.reactions(),
            **posts.reactions(),
            **leaving.reactions(plans, programmes),
        }
        built.listen(HEARD[OWNER], heard)
        await built.serve(
            create_staffing_plans_router(plans),
            create_programmes_router(programmes),
            create_asks_router(posts, "vacant-posts"),
            create_people_router(people),
        )


if __name__ == "__main__":
    start(OWNER, run, Settings)
