"""HTTP for those who run homes, and for whoever runs Yui."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.homes.api.asks import create_asks_router
from services.homes.api.calendar import create_calendar_router
from services.homes.api.openings import create_openings_router
from services.homes.api.receipts import create_receipts_router
from services.homes.api.register import create_register_router
from services.homes.domain.rules import Rules
from services.homes.repository.needs import Needs
from shared.service import Plumbing


def create_routers(built: Plumbing, needs: Needs, rules: Rules) -> Sequence[APIRouter]:
    return (
        create_register_router(built, needs, rules),
        create_receipts_router(built),
        create_asks_router(built),
        create_openings_router(built, needs, rules),
        create_calendar_router(built, rules),
    )
