"""HTTP for whoever asks what happened: lists, permalinks, chains, streams, a live tail."""

from fastapi import APIRouter

from services.eventlog.api.archive import create_archive_router
from services.eventlog.api.events import create_events_router
from services.eventlog.api.tail import Tails, create_tail_router
from shared.postgres import Pool
from shared.wall import Wall


def create_router(pool: Pool, wall: Wall, tails: Tails) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["event log"])
    router.include_router(create_tail_router(tails))
    router.include_router(create_events_router(pool, wall))
    router.include_router(create_archive_router(pool))
    return router
