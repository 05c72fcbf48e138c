"""What operators decided about records that could not be applied, decided again the same way."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from asyncpg import Record

from deploy.rebuilding.order import Decision
from shared.consuming.applying import Applier, Outcome
from shared.consuming.batch import Partition
from shared.consuming.parking import Parking, StillFails
from shared.consuming.record import Received
from shared.envelope import Unreadable
from shared.work import Work

PAGE: Final = 500
REASON: Final = "as decided in the first ledger"
BY: Final = "rebuild"


class Undecided:
    """The books, but for what the first ledger has not applied: that is parked here as well."""

    def __init__(self, books: Applier, set_aside: Collection[UUID]) -> None:
        self._books = books
        self._set_aside = frozenset(set_aside)

    def check(self, received: Received) -> None:
        if received.envelope.event_id in self._set_aside:
            raise Unreadable("the first ledger has not applied it")
        self._books.check(received)

    async def apply(self, work: Work, batch: Sequence[Received]) -> Mapping[UUID, Outcome]:
        return await self._books.apply(work, batch)


class Replay:
    """Retries and discards the heads of keys as operators have done, until none is left.

    An event keeps its decision wherever it comes to stand; what has no id is known by its place.
    """

    def __init__(
        self, parking: Parking, decisions: Iterable[Decision], partitions: Collection[Partition]
    ) -> None:
        self._parking = parking
        self._partitions = partitions
        self._by_event: dict[UUID, bool] = {}
        self._by_place: dict[tuple[str, int, int], bool] = {}
        for one in decisions:
            if one.event_id is None:
                place = one.topic, one.partition, one.offset
                self._by_place[place] = self._by_place.get(place, False) or one.discarded
            else:
                known = self._by_event.get(one.event_id, False)
                self._by_event[one.event_id] = known or one.discarded
        self._failed: set[int] = set()

    async def all(self) -> None:
        while await self._some():
            pass

    async def _some(self) -> bool:
        after, decided = 0, False
        while rows := await self._parking.page(after, PAGE):
            for row in rows:
                after = row["parked_id"]
                discarded = self._decision(row)
                if discarded is not None:
                    await self._decide(after, discarded=discarded)
                    decided = True
        return decided

    def _decision(self, row: Record) -> bool | None:
        """Whether it was discarded; None where nothing is decided, or nothing more can be done."""
        partition = row["topic"], row["partition"]
        if partition not in self._partitions or not row["is_head"]:
            return None
        if row["parked_id"] in self._failed:
            return None
        if row["event_id"] is None:
            return self._by_place.get((*partition, row["offset"]))
        return self._by_event.get(row["event_id"])

    async def _decide(self, parked_id: int, *, discarded: bool) -> None:
        try:
            act = self._parking.discard if discarded else self._parking.retry
            await act(parked_id, REASON, BY)
        except StillFails:
            self._failed.add(parked_id)
