"""The volunteers' service as a process."""

from typing import Final

from services.volunteers.api import create_pledges_router
from services.volunteers.domain import OFFERS, PLEDGE, SECTORS
from shared.commitments import asks, leaving, projections
from shared.commitments.ask_desk import AskDesk
from shared.commitments.ask_routes import create_asks_router
from shared.commitments.desk import Desk
from shared.contracts.registry import HEARD
from shared.contracts.resources import VOLUNTEERING
from shared.contracts.volunteers import OWNER
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
        pledges = Desk(built, PLEDGE, VOLUNTEERING, SECTORS)
        built.business_date.on_day_passed(pledges.day_passed)
        shifts = AskDesk(built, OFFERS, pledges)
        heard = {
            **projections.reactions(),
            **shifts.reactions(),
            **leaving.reactions(pledges),
        }
        built.listen(HEARD[OWNER], heard)
        await built.serve(
            create_pledges_router(pledges),
            create_asks_router(shifts, "open-shifts"),
            create_people_router(people),
        )


if __name__ == "__main__":
    start(OWNER, run, Settings)
