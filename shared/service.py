"""What every service's process is made of; each `app.py` puts it together."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeVar

import uvicorn
import uvloop
from fastapi import APIRouter, FastAPI
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.access import register
from shared.access.register import Register
from shared.access.settings import AccessSettings
from shared.access.tokens import Tokens
from shared.business_date import BusinessDate
from shared.consuming.applying import Applier, Conclusion, Reaction, Reactions
from shared.consuming.batch import Effect
from shared.consuming.parking import Parking
from shared.consuming.runtime import Consumer
from shared.contracts.event import Event, topic_of
from shared.contracts.homes import BusinessDateAdvanced
from shared.handling import Transactions
from shared.http.app import REQUESTS_PER_SECOND, create_app
from shared.http.connections import Patient, hold_as_many_as_allowed
from shared.http.health import Health
from shared.http.key_uses import create_key_uses_router
from shared.http.operators import create_health_router, create_parking_router
from shared.http.problems import NOT_DONE
from shared.http.rate import Rate
from shared.logs import configure_logs
from shared.postgres import connect_pool
from shared.published import Published, Unsure
from shared.recalling import Keeping
from shared.relay import Relay
from shared.schema import migrations_of

AGAIN_S: Final = 0.1


class ServiceSettings(BaseSettings):
    """What a process is told; each service reads it under a prefix of its own."""

    database_url: str
    """Of the role that decides, applies and sends."""
    reader_url: str
    """Of the role that answers: it sees what whoever asks may see, and writes nothing."""
    kafka_bootstrap: str
    host: str = "127.0.0.1"
    port: int
    simulated: bool = False
    """Whether the business date follows `BusinessDateAdvanced` instead of Tokyo."""
    pool_size: int = 10
    requests_per_second: int = REQUESTS_PER_SECOND
    """Of one organisation, to this process; what is over is answered 429."""


S = TypeVar("S", bound=ServiceSettings)


def settings_config(service: str) -> SettingsConfigDict:
    # What is missing is told, never what is there: the address of the database holds a password.
    return SettingsConfigDict(
        env_prefix=f"YUI_{service.upper()}_", extra="ignore", hide_input_in_errors=True
    )


@dataclass(slots=True)
class Plumbing:
    """What a service's own parts are built upon, and what runs beside its API."""

    service: str
    settings: ServiceSettings
    transactions: Transactions
    register: Register
    business_date: BusinessDate
    relay: Relay
    consumer: Consumer | None = None
    parking: Parking | None = None
    _beginnings: list[Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=list)
    _running: list[Coroutine[Any, Any, None]] = field(default_factory=list)

    def listen(
        self,
        topics: Sequence[str],
        applier: Applier | Mapping[type[Event], Reaction],
        *,
        applied: Callable[[Effect], None] = lambda _: None,
        conclude: Conclusion | None = None,
    ) -> None:
        """Hear these topics with one applier, or with one reaction per event.

        Where there are reactions, `conclude` does what follows from a batch as a whole.
        """
        if isinstance(applier, Mapping):
            applier = Reactions(
                {
                    **register.reactions(),
                    BusinessDateAdvanced: self.business_date.reaction(),
                    **applier,
                },
                conclude,
            )

        def heard(effect: Effect) -> None:
            self.register.heard(one.envelope.type_name for one, _ in effect.applied)
            applied(effect)

        self.parking = Parking(self.transactions, applier, applied=heard)
        self.consumer = Consumer(
            self.transactions,
            applier,
            self.settings.kafka_bootstrap,
            tuple(topics),
            applied=heard,
        )

    async def today(self) -> date:
        """The business date, for what needs no other word with the database."""
        async with self.transactions.pool.acquire() as connection:
            return await self.business_date.today(connection)

    def begin_with(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have this done before the service is ready, as soon as it may write."""
        self._beginnings.append(work)

    def run_beside(self, work: Coroutine[Any, Any, None]) -> None:
        self._running.append(work)

    async def serve(self, *routers: APIRouter) -> None:
        """Serve HTTP, relay and consumer until told to stop."""
        pool = self.transactions.pool
        migrations = migrations_of(self.service)
        health = Health(pool, self.relay, self.consumer, migrations, self._beginnings)
        always = [create_health_router(health), create_key_uses_router(self.transactions.wall)]
        if self.parking is not None:
            always.append(create_parking_router(self.parking, self.transactions.wall))
        rate = Rate(self.settings.requests_per_second)
        app = create_app(self.service, self.register, [*routers, *always], rate)
        await self._run(app)

    async def _begin_and_relay(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.relay.run())
            while self._beginnings:
                try:
                    await self._beginnings[0]()
                except (Unsure, *NOT_DONE):
                    await asyncio.sleep(AGAIN_S)
                else:
                    del self._beginnings[0]

    async def _run(self, app: FastAPI) -> None:
        running = [
            self._begin_and_relay(),
            self.business_date.run_timer(self.transactions),
            self.register.uses.run(),
        ]
        if self.consumer is not None:
            running.append(self.consumer.run())
        tasks = [asyncio.create_task(work) for work in (*running, *self._running)]
        config = uvicorn.Config(
            app,
            host=self.settings.host,
            port=self.settings.port,
            http=Patient,
            access_log=False,
            log_level="warning",
            lifespan="off",
            timeout_graceful_shutdown=5,
        )
        # uvicorn raises the signal again once it has stopped serving, which would end the process
        # before the consumer has left its group: its partitions would wait for the session's end.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)
        serving = asyncio.create_task(uvicorn.Server(config).serve())
        try:
            done, _ = await asyncio.wait([serving, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                # What should run for ever and ended takes the process down, to be restarted.
                ended.result()
        finally:
            for task in (serving, *tasks):
                task.cancel()
            await asyncio.gather(serving, *tasks, return_exceptions=True)


@asynccontextmanager
async def plumbing(
    service: str,
    settings: ServiceSettings,
    *,
    keeping: Keeping,
) -> AsyncIterator[Plumbing]:
    """Connect to the database; Kafka may come later."""
    url, bootstrap, topic = settings.database_url, settings.kafka_bootstrap, topic_of(service)
    published = Published(topic, bootstrap)
    pool = await connect_pool(url, size_max=settings.pool_size, connected=published.connected)
    readers = await connect_pool(settings.reader_url, size_max=settings.pool_size)
    try:
        relay = Relay(pool, url, bootstrap, topic, published)
        known = Register(pool, Tokens(AccessSettings().issuers))
        yield Plumbing(
            service=service,
            settings=settings,
            transactions=Transactions(
                pool,
                service,
                readers=readers,
                project=keeping.project,
                wake_relay=relay.wake,
                saved=known.heard,
                published=published,
            ),
            register=known,
            business_date=BusinessDate(simulated=settings.simulated),
            relay=relay,
        )
    finally:
        await asyncio.wait_for(asyncio.gather(pool.close(), readers.close()), 5)


def start(service: str, run: Callable[[S], Coroutine[Any, Any, None]], settings: type[S]) -> None:
    """Run one service as this process."""
    configure_logs(service)
    collect_rarely()
    hold_as_many_as_allowed()
    uvloop.run(run(settings()))


def collect_rarely() -> None:
    """Look for cycles of garbage seldom: a batch makes thousands of objects and no cycle.

    By default the search takes a tenth of the time in which a backlog is booked.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
